"""Entrepôt: one stock and one order book behind the order APIs of Bonsai and Textalk."""

__version__ = "0.1.0"
