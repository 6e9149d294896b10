"""What observers learn of each request once it is answered, and what of it may be kept."""
