"""Secrets taken out of bodies before they are kept."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final, cast

import msgspec

from entrepot.doors.kit.observing.keeps import CallKeeps, Keeps, Pointers
from entrepot.doors.kit.wire import decode_json
from entrepot.failures import BodyBeyondLimits, MalformedBody
from entrepot.integration_log.known_secrets import HIDDEN, KnownSecrets
from entrepot.integration_log.levels import Level, Secret, under

LONGEST: Final = 65_536
"""So many bytes of a body are kept, its beginning."""
LONGEST_READ: Final = 1_000_000
"""A longer one is not read for its secrets, and so nothing of it is kept but its length and digest."""
_DEEPEST: Final = 100
_CONTAINERS: Final = frozenset({dict, list})
_PUBLIC: Final = frozenset({bool, type(None)})
"""What is no secret by the name of its member alone: it says whether. A number may be one, as a PIN is."""
_CALLED: Final = re.compile(r"[A-Z][A-Za-z]{1,30}\.[a-z][A-Za-z]{1,30}")
"""How methods are called. What nobody declared and is called otherwise may be anything, a secret too."""


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a body of `size` bytes. Without a text its SHA-256 and `why` there is none stand for it."""

    size: int
    text: str | None = None
    sha256: str | None = None
    why: str = ""
    cut: bool = False


class Opened(msgspec.Struct, frozen=True):
    """A body of `size` bytes that was read, its secrets hidden in their places."""

    size: int
    value: Any


def opened(body: bytes, hidden: Pointers | None, secrets: KnownSecrets) -> Opened | Body | None:
    """A body without its secrets, of which `secrets` then knows; None where there was none."""
    if not body:
        return None
    if hidden is None:
        return Body(len(body))
    value = _read(body)
    return value if isinstance(value, Body) else Opened(len(body), hide(value, hidden, secrets))


def opened_calls(
    body: bytes, keeps: Keeps, secrets: KnownSecrets, *, reply: bool, of: bytes = b""
) -> Opened | Body | None:
    """A message of calls, or its answers, each as its method declares. `of` is the message that is answered."""
    if not body:
        return None
    value = _read(body)
    if isinstance(value, Body):
        return value
    message = _read(of) if reply else value
    declared = [_call(each, keeps) for each in _each(message)]
    if reply:
        hidden = _union(declared)
        shown = [_answer(each, hidden, secrets) for each in _each(value)]
    else:
        shown = [_shown(each, call, secrets) for each, call in zip(_each(value), declared, strict=True)]
    return Opened(len(body), shown if isinstance(value, list) else shown[0])


def kept(found: Opened | Body | None, secrets: KnownSecrets) -> Body | None:
    """What is kept of a body, once all secrets of its exchange are known."""
    return _written(found.size, found.value, secrets) if isinstance(found, Opened) else found


def _read(body: bytes) -> Any:
    if len(body) > LONGEST_READ:
        return _digest(body, f"longer than {LONGEST_READ} bytes")
    value = decode_json(body, _DEEPEST, verbatim=True)
    return _digest(body, value.reason) if isinstance(value, MalformedBody | BodyBeyondLimits) else value


def _each(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _call(message: Any, keeps: Keeps) -> CallKeeps | None:
    method = cast("dict[str, Any]", message).get("method") if isinstance(message, dict) else None
    return keeps.calls(method) if keeps.calls and isinstance(method, str) else None


def _shown(call: Any, declared: CallKeeps | None, secrets: KnownSecrets) -> Any:
    """A call without its secrets; of one that nobody declared only its method, if it may be one."""
    if not isinstance(call, dict):
        return call if type(call) in _PUBLIC or type(call) is int else _hidden(call, secrets)
    members = cast("dict[str, Any]", call)
    if declared is None:
        told = {name: members[name] for name in ("jsonrpc", "id") if type(members.get(name)) in (int, str)}
        return {
            **told,
            "method": _method(members.get("method"), secrets),
            "params": _hidden(members.get("params"), secrets),
        }
    return {**hide(members, (), secrets), "params": hide(members.get("params"), declared.params, secrets)}


def _method(name: Any, secrets: KnownSecrets) -> Any:
    fits = name is None or (type(name) is str and _CALLED.fullmatch(name) is not None)
    return name if fits else _hidden(name, secrets)


def _hidden(value: Any, secrets: KnownSecrets) -> str:
    secrets.add(value)
    return HIDDEN


def _union(declared: list[CallKeeps | None]) -> Pointers | None:
    """What is hidden in the answers to these calls: their ids need not tell which answers which."""
    known = [each for each in declared if each is not None]
    if len(known) < len(declared):
        return None
    return tuple({pointer for each in known for pointer in each.result})


def _answer(answer: Any, hidden: Pointers | None, secrets: KnownSecrets) -> Any:
    if not isinstance(answer, dict) or "result" not in answer:
        return hide(answer, (), secrets)
    members = cast("dict[str, Any]", answer)
    result = members.pop("result")
    shown = _hidden(result, secrets) if hidden is None else hide(result, hidden, secrets)
    return {**hide(members, (), secrets), "result": shown}


def hide(value: Any, pointers: Pointers, secrets: KnownSecrets) -> Any:
    """The value without what the pointers lead to, and without members whose name says that they are secret.

    It is changed in place: a copy of every body would cost more than all the rest. `secrets` learns what is hidden.
    """
    level = under(pointers)
    if type(level) is not Level:
        return _hidden(value, secrets)
    if type(value) in _CONTAINERS:
        _scrub(value, level, secrets)
    return value


def _scrub(value: Any, level: Level, secrets: KnownSecrets) -> None:
    # Spelt out, since every member of every body comes by here: with helpers it takes three times as long.
    if type(value) is dict:
        members = cast("dict[str, Any]", value)
        for name, each in members.items():
            below = level[name]
            if type(below) is Level:
                if type(each) is dict or type(each) is list:
                    _scrub(each, below, secrets)
            elif each is not None and (below is Secret.POINTED_AT or type(each) not in _PUBLIC):
                members[name] = _hidden(each, secrets)
        return
    items = cast("list[Any]", value)
    for place, each in enumerate(items):
        below = level[str(place)] if level.pointed else level
        if type(below) is Level:
            if type(each) is dict or type(each) is list:
                _scrub(each, below, secrets)
        elif each is not None:
            items[place] = _hidden(each, secrets)


def _written(size: int, value: Any, secrets: KnownSecrets) -> Body:
    try:
        text = secrets.written(value)
    except (TypeError, ValueError, RecursionError):
        return Body(size, why="cannot be written")
    if len(text) <= LONGEST:
        return Body(size, text)
    return Body(size, text[:LONGEST], cut=True)


def _digest(body: bytes, why: str) -> Body:
    return Body(len(body), sha256=hashlib.sha256(body).hexdigest(), why=why)
