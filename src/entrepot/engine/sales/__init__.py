"""What was sold elsewhere on its way to be an order: whom it needs first, and what is undone where one says no."""
