"""The doors: one package per API surface, each with its own wire shapes, and `kit` with what all share."""
