"""From a basket to an order: checks, quote, draft, reservation and attempt."""
