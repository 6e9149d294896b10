"""What accounts of the Bonsai door have of their own, and the currencies that it knows."""

from __future__ import annotations

from typing import Final

import msgspec

CURRENCIES: Final = ("CAD", "USD", "GBP", "AUD", "EUR")
"""Those of the published specification, in its order."""


class BonsaiSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The door's own part of an account's settings: there is none."""
