"""What the operators' pages read and write."""
