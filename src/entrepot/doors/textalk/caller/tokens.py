"""Tokens that this door gives out. Only hashes of them are stored."""

from __future__ import annotations

import secrets
from typing import Final

from entrepot.domain.customers.sign_up import NewCode
from entrepot.doors.kit.admission import RoutedTokens
from entrepot.store.credentials.directory import Key, credential_key

SESSION: Final = "textalk:session"
LOGIN: Final = "textalk:login"
AUTH: Final = "textalk:auth"
"""The kind of credential that an AuthToken is."""
WEBSHOP: Final = "textalk:webshop"
"""The kind under which the directory lists shops by their number."""
ADMINISTRATOR: Final = "textalk:administrator"
SIGNUP: Final = "textalk:signup"
RESET: Final = "textalk:reset"

LOGIN_TOKENS: Final = RoutedTokens(LOGIN, "adm_")
"""Tokens of administrators begin with where they are stored: they may come without a shop in the context."""


def new_session_token() -> str:
    """32 hexadecimal digits (decision textalk item 18)."""
    return secrets.token_hex(16)


def new_code(kind: str) -> NewCode:
    """A code of 32 hexadecimal digits, to be mailed (decision textalk item 37)."""
    text = secrets.token_hex(16)
    return NewCode(text, hashed(kind, text))


def hashed(kind: str, token: str) -> bytes:
    """The hash that stands for a token of that kind."""
    return credential_key(kind, token)[1]


def shop_key(uid: int) -> Key:
    """The name of a shop in the directory."""
    return credential_key(WEBSHOP, str(uid))


def administrator_key(username: str) -> Key:
    """The name of an administrator in the directory: user names are in no shop's context."""
    return credential_key(ADMINISTRATOR, username.strip().casefold())
