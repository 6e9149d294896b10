"""What a sandbox keeps for itself: the worlds that were applied to it, so that it can begin anew, and its snapshots."""

from entrepot.store.tables._base import big, blob, moment, small, table, text

sandbox_worlds = table("sandbox_worlds", ("seq",), small("seq"), text("document"))
"""Each world file's part about a workspace, in the order in which they were applied. JSON as text: the order of its
keys is the order in which ids are given, which jsonb would not keep."""

sandbox_snapshots = table(
    "sandbox_snapshots",
    ("name",),
    text("name"),
    text("of", null=True),
    text("release"),
    text("schema"),
    moment("taken_at"),
    big("clock_offset"),
    moment("clock_stands", null=True),
    blob("contents"),
)
"""States to come back to. The workspace is 0, that of none; `of` is the name of the one whose state it is, null for
all. `contents` are its rows in binary form, which only the release and schema that wrote them read. `clock_offset` is
in microseconds from real time, `clock_stands` where a clock stood still."""
