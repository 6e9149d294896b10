"""Secrets taken out of bodies before they are kept."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from entrepot.doors.kit.observing.keeps import CallKeeps, Keeps, Pointers
from entrepot.doors.kit.wire import decode_json, encode
from entrepot.failures import BodyBeyondLimits, MalformedBody

HIDDEN: Final = "[hidden]"
LONGEST: Final = 65_536
"""So many bytes of a body are kept, its beginning."""
LONGEST_READ: Final = 1_000_000
"""A longer one is not read for its secrets, and so nothing of it is kept but its length and digest."""
_DEEPEST: Final = 100
_CONTAINERS: Final = frozenset({dict, list})
_PUBLIC: Final = frozenset({bool, type(None)})
"""What is no secret by the name of its member alone: it says whether. A number may be one, as a PIN is."""
Paths = tuple[tuple[str, ...], ...]
_SECRET: Final = re.compile(
    r"passw|passphrase|passcode|pwd$|secret|token|authori[sz]ation|api[-_]?key|private[-_]?key|cvc|cvv|card[-_]?number"
    r"|^(?:auth|session|pan|pass|credentials?|signature|(?:set-)?cookie)$",
    re.IGNORECASE,
)


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a body of `size` bytes. Without a text its SHA-256 and `why` there is none stand for it."""

    size: int
    text: str | None = None
    sha256: str | None = None
    why: str = ""
    cut: bool = False


def kept(body: bytes, hidden: Pointers | None) -> Body | None:
    """A body without its secrets; None where there was none."""
    if not body:
        return None
    if hidden is None:
        return Body(len(body))
    value = _read(body)
    if isinstance(value, Body):
        return value
    return _written(len(body), hide(value, hidden))


def kept_calls(body: bytes, keeps: Keeps, *, reply: bool, of: bytes = b"") -> Body | None:
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
        shown = [_answer(each, hidden) for each in _each(value)]
    else:
        shown = [_shown(each, call) for each, call in zip(_each(value), declared, strict=True)]
    return _written(len(body), shown if isinstance(value, list) else shown[0])


def _read(body: bytes) -> Any:
    if len(body) > LONGEST_READ:
        return _digest(body, f"longer than {LONGEST_READ} bytes")
    value = decode_json(body, _DEEPEST, exact=True)
    return _digest(body, value.reason) if isinstance(value, MalformedBody | BodyBeyondLimits) else value


def _each(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _call(message: Any, keeps: Keeps) -> CallKeeps | None:
    method = cast("dict[str, Any]", message).get("method") if isinstance(message, dict) else None
    return keeps.calls(method) if keeps.calls and isinstance(method, str) else None


def _shown(call: Any, declared: CallKeeps | None) -> Any:
    """A call without its secrets; of one that nobody declared only its method."""
    if not isinstance(call, dict):
        return hide(call, ())
    members = cast("dict[str, Any]", call)
    if declared is None:
        return {name: hide(members[name], ()) for name in ("jsonrpc", "id", "method") if name in members} | {
            "params": HIDDEN
        }
    return {**hide(members, ()), "params": hide(members.get("params"), declared.params)}


def _union(declared: list[CallKeeps | None]) -> Pointers | None:
    """What is hidden in the answers to these calls: their ids need not tell which answers which."""
    known = [each for each in declared if each is not None]
    if len(known) < len(declared):
        return None
    return tuple({pointer for each in known for pointer in each.result})


def _answer(answer: Any, hidden: Pointers | None) -> Any:
    if not isinstance(answer, dict) or "result" not in answer:
        return hide(answer, ())
    members = cast("dict[str, Any]", answer)
    return {
        **hide(members, ()),
        "result": HIDDEN if hidden is None else hide(members["result"], hidden),
    }


def hide(value: Any, pointers: Pointers) -> Any:
    """The value without what the pointers lead to, and without members whose name says that they are secret.

    It is changed in place: a copy of every body would cost more than all the rest.
    """
    paths = _paths(pointers)
    if () in paths:
        return HIDDEN
    _scrub(value, paths)
    return value


@lru_cache(512)
def _paths(pointers: Pointers) -> Paths:
    return tuple(
        tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
        for pointer in pointers
    )


def _scrub(value: Any, paths: Paths) -> None:
    if type(value) is dict:
        members = cast("dict[str, Any]", value)
        for name, each in members.items():
            if type(each) in _CONTAINERS:
                hidden = _is_secret(name) or _goes_on(each, paths, name)
            elif type(each) in _PUBLIC:
                hidden = each is not None and bool(paths) and _leads_to(paths, name)
            else:
                hidden = _is_secret(name) or (bool(paths) and _leads_to(paths, name))
            if hidden:
                members[name] = HIDDEN
    elif type(value) is list:
        items = cast("list[Any]", value)
        for place, each in enumerate(items):
            if (type(each) in _CONTAINERS or paths) and _goes_on(each, paths, str(place)):
                items[place] = HIDDEN


def _goes_on(value: Any, paths: Paths, step: str) -> bool:
    """Whether a path ends at this member or element; if not, what is secret within it is hidden."""
    rest = tuple(path[1:] for path in paths if path[0] == step or path[0] == "*") if paths else ()
    if () in rest:
        return value is not None
    if type(value) in _CONTAINERS:
        _scrub(value, rest)
    return False


def _leads_to(paths: Paths, step: str) -> bool:
    return any(len(path) == 1 and path[0] in (step, "*") for path in paths)


@lru_cache(4096)
def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def _written(size: int, value: Any) -> Body:
    try:
        text = encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        return Body(size, why="cannot be written")
    if len(text) <= LONGEST:
        return Body(size, text)
    return Body(size, text[:LONGEST], cut=True)


def _digest(body: bytes, why: str) -> Body:
    return Body(len(body), sha256=hashlib.sha256(body).hexdigest(), why=why)
