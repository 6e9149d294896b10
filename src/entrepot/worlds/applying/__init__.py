"""A world's file becomes rows."""
