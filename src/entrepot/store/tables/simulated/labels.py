"""The simulated label service's books. Only `entrepot.gateways.labels.simulated` reads or writes them."""

from entrepot.store.tables._base import blob, json, moment, table, text

labels = table(
    "labels",
    ("key",),
    text("key"),
    text("state"),
    text("tracking"),
    json("request"),
    moment("made_at"),
    blob("document", null=True),
)
"""Labels by the key under which they were asked for; the document is there once somebody has read it. Of a void one
nothing but the key is left."""
