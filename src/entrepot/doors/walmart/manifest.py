"""What the Walmart door tells whoever sets up accounts at it."""

from __future__ import annotations

from typing import Final

import msgspec

from entrepot.doors.manifest import KeyKind, Manifest

CLIENT: Final = "walmart:client"
"""A client's id and secret, for which it gets access tokens."""


class WalmartSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The door's own part of an account's settings: there is none."""


MANIFEST: Final = Manifest(
    title="the Walmart MCS API",
    description="/openapi.json",
    keys={
        "client": KeyKind(CLIENT, "live", pair=True),
        "test-client": KeyKind(CLIENT, "test", pair=True),
    },
    settings=WalmartSettings,
)
