"""Bodies of replies."""
