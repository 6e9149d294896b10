"""Carts and orders: their classes, methods and writers."""
