"""What was sold elsewhere, and what comes back of it, as it is read."""
