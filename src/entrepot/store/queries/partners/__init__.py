"""What partners read: orders, goods, and the mappings of their words."""
