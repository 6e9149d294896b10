"""Queries, selections and filters: read from JSON, checked against declarations, turned into SQL, run."""
