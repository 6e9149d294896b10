"""Every secret that the tests sent to the session's server, so that its logs can be searched for all of them."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import asyncpg

SHORTEST = 10
FEWEST_SIGNS = 5
"""A shorter one, or one of fewer different signs, may stand anywhere by chance."""
_HEADERS = ("authorization", "api-key", "x-api-key", "wm_sec.access_token")
_PARAMETERS = ("auth", "session", "access_token", "client_secret")
_MEMBERS = ("password", "token", "secret", "client_secret", "access_token")
_BY_PLACE = {
    "Admin.login": (1,), "Customer.login": (1,), "Customer.resetPassword": (0, 1), "Customer.confirmSignup": (0,),
}  # fmt: skip
_WORD = re.compile(r"[\w.+/=-]+")
_found: set[str] = set()
_open: set[str] = set()
"""What was also sent where no secret stands: a wrong value that is tried everywhere is nobody's secret."""


def remember(path: str, headers: Mapping[str, str], content: bytes) -> None:
    """Take note of the secrets of one request."""
    _found.update(each for each in _secrets(path, headers, content) if len(each) >= SHORTEST)
    _open.update(_plain(path, content))


def _plain(path: str, content: bytes) -> Iterator[str]:
    """What stands in a request where no secret does."""
    yield from (value for name, value in parse_qsl(urlsplit(path).query) if name not in _PARAMETERS)
    try:
        yield from _texts(json.loads(content))
    except (ValueError, RecursionError):
        return


def _secrets(path: str, headers: Mapping[str, str], content: bytes) -> Iterator[str]:
    for name, value in headers.items():
        if name.lower() in _HEADERS:
            yield from _parts(value)
    yield from (value for name, value in parse_qsl(urlsplit(path).query) if name in _PARAMETERS)
    try:
        yield from _members(json.loads(content))
    except (ValueError, RecursionError):
        yield from (value for name, value in parse_qsl(content.decode("latin-1")) if name in _PARAMETERS)


def _parts(value: str) -> Iterator[str]:
    word = value.split()[-1] if value.split() else ""
    yield word
    try:
        yield from base64.b64decode(word, validate=True).decode().split(":")
    except (binascii.Error, ValueError):
        return


def _members(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _members(each)
    elif isinstance(value, dict):
        method, params = value.get("method"), value.get("params")
        if isinstance(method, str) and isinstance(params, list):
            places = (place for place in _BY_PLACE.get(method, ()) if place < len(params))
            yield from (params[place] for place in places if isinstance(params[place], str))
        for name, each in value.items():
            if name in _MEMBERS and isinstance(each, str):
                yield each
            else:
                yield from _members(each)


def _texts(value: Any) -> Iterator[str]:
    """The texts that stand where no secret does."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from () if name in _MEMBERS or name == "params" else _texts(each)


def search(log: Path, database_url: str) -> list[str]:
    """Where one of the secrets stands, in the log or in a row of the integration log; the secret itself is not told."""
    lines = log.read_text("utf-8", "replace") if log.exists() else ""
    rows = asyncio.run(_rows(database_url))
    secrets = _told(
        {each for each in _found - _open if len(set(each)) >= FEWEST_SIGNS},
        [lines, *(row[1] for row in rows)],
    )
    found = [f"the log has a secret of {len(each)} characters" for each in secrets if each in lines]
    return found + [
        f"{where}: {_near(text, each)}" for where, text in rows for each in secrets if each in text
    ]


def _told(secrets: set[str], texts: Sequence[str]) -> set[str]:
    """Those that stand anywhere in the texts, whose words are looked through once however often they stand there."""
    whole = "\n".join(texts)
    words = "\n".join(set(_WORD.findall(whole)))
    return {each for each in secrets if each in (words if _WORD.fullmatch(each) else whole)}


def _near(text: str, secret: str) -> str:
    """What stands before the secret."""
    place = text.index(secret)
    return repr(text[max(0, place - 120) : place])


async def _rows(database_url: str) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("select door, operation, outcome, request_id, entry from request_log")
    finally:
        await connection.close()
    return [(f"{row[0]} {row[1]} {row[2]}", f"{row[3]} {row[4]}") for row in rows]


def count() -> int:
    """How many secrets are known."""
    return len(_found)
