"""What is open to others and is no order API: labels to be printed, and what carriers tell."""
