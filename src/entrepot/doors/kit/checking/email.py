"""Which texts are e-mail addresses: Joi's default rule, without its list of top-level domains.

Joi 15 also compares the last label with a copy of IANA's list; such a copy ages, and it refuses the names
that are reserved for tests (`.test`, `.example`), so here any label that begins with a letter will do.
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST = 254
_LONGEST_LOCAL = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\U0010ffff]+"
_LETTER = r"A-Za-z\u00a1-\U0010ffff"
_TAIL = rf"(?:[{_LETTER}0-9\-]{{0,61}}[{_LETTER}0-9])?"
_LAST = rf"(?:[{_LETTER}][{_LETTER}0-9\-]{{0,61}}[{_LETTER}0-9])"

# Every part is bounded or ends at a character that it cannot hold itself, so matching takes linear time.
_ADDRESS: Final = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@(?:[{_LETTER}0-9]{_TAIL}\.)+{_LAST}")


def is_email(text: str) -> bool:
    """Whether `text` is a dot-atom, `@` and two or more domain labels (RFC 5321, no quoted forms)."""
    if len(text) > _LONGEST:
        return False
    found = _ADDRESS.fullmatch(text)
    return found is not None and len(found.group(1).encode("utf-8", "replace")) <= _LONGEST_LOCAL
