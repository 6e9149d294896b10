"""What an order waits for outside: payments, their attempts and recovery."""
