"""What a sandbox keeps for itself: the worlds that were applied to it, so that it can begin anew."""

from entrepot.store.tables._base import small, table, text

sandbox_worlds = table("sandbox_worlds", ("seq",), small("seq"), text("document"))
"""Each world file's part about a workspace, in the order in which they were applied. JSON as text: the order of its
keys is the order in which ids are given, which jsonb would not keep."""
