"""Customers: their records, sign-up, and passwords that are forgotten."""
