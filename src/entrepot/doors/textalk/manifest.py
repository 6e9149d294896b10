"""What the Textalk door tells whoever sets up accounts at it."""

from __future__ import annotations

from typing import Final

from entrepot.doors.manifest import KeyKind, Manifest
from entrepot.doors.textalk.caller.tokens import AUTH, WEBSHOP
from entrepot.doors.textalk.wire.settings import WebshopSettings

SHORTEST_PASSWORD: Final = 8

MANIFEST: Final = Manifest(
    title="the Textalk webshop API",
    description="/openrpc.json",
    sockets=True,
    keys={"auth": KeyKind(AUTH, "live")},
    settings=WebshopSettings,
    numbers={"uid": WEBSHOP},
    sends_mail=True,
)
"""A shop is found by its number, which is no secret (decision textalk context parameters)."""
