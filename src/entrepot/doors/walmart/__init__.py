"""The Walmart MCS door: orders for the warehouse, delivery promises, tracking and returns."""
