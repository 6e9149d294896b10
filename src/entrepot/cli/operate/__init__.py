"""Commands of whoever runs a shop: orders, shipping, returns, stock, products, keys, deliveries."""
