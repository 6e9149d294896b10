"""From results to reply bodies."""
