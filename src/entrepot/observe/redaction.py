"""Keep secrets, tokens and card data out of the log, whoever logs them by mistake."""

import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import cast

from structlog.typing import EventDict, WrappedLogger

HIDDEN = "[hidden]"
DEEPEST = 6

_SECRET_NAME = re.compile(
    r"passw|secret|token|authori[sz]ation|cookie|api_?key|credential|signature|private|card|cvc|cvv|\bpan\b",
    re.I,
)
# Each start that can fail is tried once in a run of its own letters, so that no text, however long, takes longer than
# in proportion to its length: a caller chooses what is logged of him.
_SECRET_TEXT = re.compile(
    r"(?P<auth>(?i:\b(?:bearer|basic)\s++))[A-Za-z0-9._~+/=-]{6,}"
    r"|\b(?:sk|rk|pk|whsec|tok|pm|src|pi_[A-Za-z0-9]++_secret)_[A-Za-z0-9_-]{6,}"
    r"|\b(?:[a-z]{2,4}_[0-9a-z]{1,11}_|[0-9a-f]{1,16}-)[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]++\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"
    r"|(?<![0-9A-Za-z._-])(?P<digits>[0-9](?:[ -]?[0-9]){12,18})(?![0-9A-Za-z-])"
)
_UP_TO_HOST = re.compile(r"[^\s@]++")
_PASSWORD = re.compile(r"(://[^/:]*+:).+", re.DOTALL)
"""A password of a URL, in what stands before the `@` of its host."""


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor that hides values with secret names, and secrets inside texts."""
    return {name: HIDDEN if _is_secret(name) else _clean(value, 0) for name, value in event.items()}


def without_rows(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor that takes from databases' errors what they quote of rows, before they are written out."""
    given = event.get("exc_info")
    error = given if isinstance(given, BaseException) else sys.exc_info()[1]
    if isinstance(given, tuple):
        error = cast("BaseException | None", given[1])
    if given:
        for each in _chain(error):
            _forget_row(each)
    return event


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error with all that led to it, and those that it groups."""
    seen = set[int]()
    ahead = [error]
    while ahead:
        each = ahead.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            ahead += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
            yield each


def _forget_row(error: BaseException) -> None:
    """Its detail quotes the row; the message itself quotes a value where that is what is wrong (class 22)."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        return
    for name in ("detail", "hint", "where", "internal_query", "query"):
        if getattr(error, name, None) is not None:
            setattr(error, name, None)
    if str(state).startswith("22") and error.args:
        error.args = (f"a value is out of range or no such value (SQLSTATE {state})",)


def redact_text(text: str) -> str:
    """The text with authorisation values, passwords in URLs, known key forms and card numbers hidden."""
    if len(text) <= 6:
        return text
    if "://" in text and "@" in text:
        text = _UP_TO_HOST.sub(_hide_password, text)
    return _SECRET_TEXT.sub(_hide, text)


@lru_cache(1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _hide(match: re.Match[str]) -> str:
    digits = match["digits"]
    if digits is not None:
        return HIDDEN if _passes_luhn(digits) else digits
    return f"{match['auth'] or ''}{HIDDEN}"


def _hide_password(match: re.Match[str]) -> str:
    if not match.string.startswith("@", match.end()):
        return match[0]
    return _PASSWORD.sub(rf"\1{HIDDEN}", match[0], count=1)


def _passes_luhn(text: str) -> bool:
    digits = [int(each) for each in text if each.isdigit()][::-1]
    doubled = (sum(divmod(2 * each, 10)) for each in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _clean(value: object, depth: int) -> object:
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, int | float):
        return value
    if depth > DEEPEST:
        return HIDDEN
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return {
            str(name): HIDDEN if _is_secret(str(name)) else _clean(each, depth + 1) for name, each in items
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(each, depth + 1) for each in cast("list[object]", value)]
    return redact_text(str(value))
