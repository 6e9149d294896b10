"""Tokens that this door gives out. Only hashes of them are stored."""

from __future__ import annotations

import re
import secrets
from typing import Final

from entrepot.domain.customers.sign_up import NewCode
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

_LOGIN_TOKEN: Final = re.compile(r"adm_([0-9a-z]{1,11})_[A-Za-z0-9_-]{43}", re.ASCII)
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_session_token() -> str:
    """32 hexadecimal digits (contract, item 18)."""
    return secrets.token_hex(16)


def new_code(kind: str) -> NewCode:
    """A code of 32 hexadecimal digits, to be mailed (contract, item 37)."""
    text = secrets.token_hex(16)
    return NewCode(text, hashed(kind, text))


def new_login_token(workspace: int) -> str:
    """A token that begins with where it is stored: it may come without a shop in the context."""
    return f"adm_{_base36(workspace)}_{secrets.token_urlsafe(32)}"


def workspace_of(token: str) -> int | None:
    """The workspace of a log-in token; None for any other token."""
    found = _LOGIN_TOKEN.fullmatch(token)
    return int(found[1], 36) if found else None


def hashed(kind: str, token: str) -> bytes:
    """The hash that stands for a token of that kind."""
    return credential_key(kind, token)[1]


def shop_key(uid: int) -> Key:
    """The name of a shop in the directory."""
    return credential_key(WEBSHOP, str(uid))


def administrator_key(username: str) -> Key:
    """The name of an administrator in the directory: user names are in no shop's context."""
    return credential_key(ADMINISTRATOR, username.strip().casefold())


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
