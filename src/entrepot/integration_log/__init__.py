"""The integration log: what came in, what went out, and why, for operators; the third observer of exchanges."""
