"""What is to be told to others."""
