"""How partners' words become the API's: versions of mappings, and which one is in use."""

from entrepot.store.tables._base import belongs, big, json, moment, table, text

mappings = table(
    "mappings",
    ("channel", "resource", "version"),
    big("channel"),
    text("resource"),
    big("version"),
    json("definition"),
    moment("created_at"),
    belongs("mappings", "channels", ("channel",), ("id",)),
)

mapping_heads = table(
    "mapping_heads",
    ("channel", "resource"),
    big("channel"),
    text("resource"),
    big("active", null=True),
    big("latest"),
    belongs("mapping_heads", "channels", ("channel",), ("id",)),
)
