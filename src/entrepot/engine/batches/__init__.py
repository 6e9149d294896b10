"""Commands run in batches: queues, lanes, and what a batch does."""
