"""Shoppers' and customers' sessions."""
