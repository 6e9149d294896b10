"""Taxes, VAT, delivery, discounts and gift certificates."""
