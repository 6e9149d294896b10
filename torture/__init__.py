"""What Entrepôt stands: processes that are killed, a database that says nothing, callers who mean it ill.

A run makes a server of its own, does it harm while clients at every door keep books of what they were told, and holds
these books against the database. Run it with `make torture`.
"""
