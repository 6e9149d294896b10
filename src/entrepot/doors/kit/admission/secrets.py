"""Secrets as requests carry them in Authorization (RFC 7617, RFC 6750)."""

from __future__ import annotations

import base64


def basic(header: str | None) -> str | None:
    """What stands in base64 after `Basic`: for a pair `id:secret`. None where the header is no such thing."""
    encoded = _after("basic", header)
    if encoded is None:
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except ValueError:  # no base64, or no UTF-8
        return None


def bearer(header: str | None) -> str | None:
    """The token after `Bearer`. None where the header is no such thing."""
    return _after("bearer", header)


def _after(scheme: str, header: str | None) -> str | None:
    """The one word after the scheme, which is written in any case.

    Blanks and tabs around a header's value are none of it (RFC 9110, 5.5); between scheme and word stand blanks alone
    (RFC 9110, 11.4).
    """
    found, _, rest = (header or "").strip(" \t").partition(" ")
    word = rest.lstrip(" ")
    one_word = word and not any(letter.isspace() for letter in word)
    return word if one_word and found.lower() == scheme else None
