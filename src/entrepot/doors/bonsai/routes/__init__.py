"""The door's operations, one file per group of routes."""
