"""The form of text in which upper and lower case, and look-alike characters, are the same."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """The folded text: columns for searching hold it, and search terms are turned into it."""
    return unicodedata.normalize("NFKC", text).casefold()


def folded(email: str) -> str:
    """What e-mail addresses are compared by."""
    return email.strip().casefold()
