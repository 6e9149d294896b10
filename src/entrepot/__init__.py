"""Entrepôt: one stock and one order book behind five order APIs."""

__version__ = "0.1.0"
