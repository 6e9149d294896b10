"""Customers and their sessions."""
