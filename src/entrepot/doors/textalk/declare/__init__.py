"""How a class of the API is declared: its fields, shapes and what follows from them."""
