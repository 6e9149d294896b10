"""Plain reads of what the engine wrote: lists with filters, and single things by any of their names."""
