"""Entrepôt: one stock and one order book behind the order APIs of Bonsai, Textalk, Walmart, ReBound and DataMingle."""

__version__ = "0.1.0"
