"""How a batch finds, locks, reads and writes its rows."""
