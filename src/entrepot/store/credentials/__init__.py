"""Who a secret belongs to."""
