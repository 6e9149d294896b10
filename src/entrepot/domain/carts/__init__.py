"""A shopper's cart, its lines and totals."""
