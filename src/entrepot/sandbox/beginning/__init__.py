"""The way back to how the worlds stood at first."""
