"""The Bonsai door: the submit-orders API, its carts, products and reads."""
