"""Which texts are addresses in the web."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_STRANGE: Final = re.compile(r"[\s\x00-\x20\x7f<>\"{}|\\^`]")
"""What stands in no URL (RFC 3986, 2): Python's own reader drops or keeps some of it."""


def is_web_url(text: str) -> bool:
    """Whether the text is an absolute URL of http or https, with a host and with a port that there is."""
    if _STRANGE.search(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half of an IPv6 address, or a port beyond 65,535
        return False
