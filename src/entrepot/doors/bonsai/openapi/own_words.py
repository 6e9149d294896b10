"""The words of JSON Schema that only this API has."""

from __future__ import annotations

from typing import Final

from entrepot.doors.bonsai.schemas import CURRENCIES
from entrepot.doors.kit.describing.words import JsonSchema

CURRENCY: Final[JsonSchema] = {"type": "string", "enum": list(CURRENCIES)}
CUID: Final[JsonSchema] = {"type": "string", "pattern": "^c[0-9a-z]{24}$"}
