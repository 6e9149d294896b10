"""Carriers at work: what they are told, and what they tell."""
