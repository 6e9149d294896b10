"""A cart becomes an order, or the order is discarded."""
