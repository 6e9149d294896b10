"""Bodies of replies, and of notifications."""
