"""Products, their options, and the prices that a shopper has seen."""
