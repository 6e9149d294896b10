"""Entrepôt: one stock and one order book behind other companies' order APIs."""

__version__ = "0.1.0"
