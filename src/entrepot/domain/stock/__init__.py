"""Levels of stock and what changes them."""
