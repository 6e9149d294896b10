"""Which keys an account has at each door: the name in the file, the kind of credential, and its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from entrepot.domain.channels.accounts import Environment


class KeyKind(NamedTuple):
    """What a key opens."""

    kind: str
    environment: Environment


KEYS: Mapping[str, Mapping[str, KeyKind]] = {
    "bonsai": {
        "live": KeyKind("bonsai:api-key", "live"),
        "test": KeyKind("bonsai:api-key", "test"),
        "private": KeyKind("bonsai:private-key", "live"),
    },
    "textalk": {
        "webshop": KeyKind("textalk:webshop", "live"),
        "auth": KeyKind("textalk:auth", "live"),
    },
}
"""A shop is found by its number (decision textalk context parameters); see also (decision bonsai auth, test mode).

A private key sees its account's live and test orders alike (decision bonsai U21).
"""
