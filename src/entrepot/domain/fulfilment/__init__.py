"""What happens to an order after it was sold."""
