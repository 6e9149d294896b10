"""Where goods are sent from."""

from __future__ import annotations

import msgspec


class Premises(msgspec.Struct, frozen=True, omit_defaults=True):
    """A merchant's address within its country; `province` is what follows the country in ISO 3166-2."""

    address1: str = ""
    city: str = ""
    province: str = ""
    zip: str = ""
