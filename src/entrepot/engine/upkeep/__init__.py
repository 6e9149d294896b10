"""Housekeeping and purging."""
