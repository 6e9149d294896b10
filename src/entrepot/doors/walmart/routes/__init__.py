"""The operations of the door, by subject."""
