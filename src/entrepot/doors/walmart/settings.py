"""What accounts of the Walmart door have of their own."""

from __future__ import annotations

from typing import Final

import msgspec

CLIENT: Final = "walmart:client"
"""A client's id and secret, for which it gets access tokens."""


class WalmartSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The door's own part of an account's settings: there is none."""
