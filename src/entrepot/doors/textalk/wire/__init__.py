"""What goes over the line: JSON, errors and sentences."""
