"""Units on their way back: opened, under way, received, looked at, and the money that goes back for them."""
