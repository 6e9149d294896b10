"""Which passwords buyers and administrators may have."""

from __future__ import annotations

from entrepot.doors.kit.admission.passwords import LONGEST
from entrepot.doors.textalk.wire.sentences import Text, say
from entrepot.doors.textalk.wire.settings import SHORTEST_PASSWORD


def why_invalid(password: str) -> Text | None:
    """What is wrong with a new password, or None (decision textalk item 37)."""
    if len(password) < SHORTEST_PASSWORD:
        return say("password.too-short", limit=SHORTEST_PASSWORD)
    return say("password.too-long", limit=LONGEST) if len(password) > LONGEST else None
