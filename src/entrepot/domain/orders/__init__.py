"""Orders, their lines and payments, and how they end."""
