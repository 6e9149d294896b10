"""JSON-RPC 2.0: requests, notifications, batches and their answers, whatever carries them."""
