"""What a check came upon."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["warning", "violation"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not as it should be; `law` names what it breaks, `workspace` is None for the whole server.

    A warning is for the operator to look at; a violation means that something promised does not hold.
    """

    severity: Severity
    law: str
    workspace: int | None
    detail: str
