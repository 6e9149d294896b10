"""The integration log."""
