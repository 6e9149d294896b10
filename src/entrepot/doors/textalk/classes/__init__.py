"""The classes of the API: what a class is, and each class declared once."""
