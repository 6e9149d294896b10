"""Reads for what follows a sale."""
