"""What the Bonsai door tells whoever sets up accounts at it."""

from __future__ import annotations

from typing import Final

import msgspec

from entrepot.domain.placing.checks import METHODS
from entrepot.doors.manifest import KeyKind, Manifest

CURRENCIES: Final = ("CAD", "USD", "GBP", "AUD", "EUR")
"""Those of the published specification, in its order."""


class BonsaiSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The door's own part of an account's settings: there is none."""


MANIFEST: Final = Manifest(
    title="the Bonsai orders API",
    description="/openapi.json",
    keys={
        "live": KeyKind("bonsai:api-key", "live"),
        "test": KeyKind("bonsai:api-key", "test"),
        "private": KeyKind("bonsai:private-key", "live"),
    },
    settings=BonsaiSettings,
    currencies=frozenset(CURRENCIES),
    payment_methods=METHODS,
)
"""A private key sees its account's live and test orders alike (decision bonsai auth, test mode, U21)."""
