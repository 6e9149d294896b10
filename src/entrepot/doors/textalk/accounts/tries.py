"""How often passwords and codes may be tried: counted per account and address, for all workers together."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

LOGIN_TRIES: Final = (10, timedelta(minutes=15))
CODE_TRIES: Final = (10, timedelta(hours=1))
MAIL_TRIES: Final = (5, timedelta(hours=1))


def subject_of(purpose: str, account: str, address: str) -> bytes:
    """The hash under which tries are counted; it tells neither the account nor the address."""
    return hashlib.sha256(f"{purpose}\0{account}\0{address}".encode("utf-8", "surrogatepass")).digest()
