"""Who deals with us: accounts at doors, their settings, and how often they may try to log in."""
