"""The secrets of one exchange by their value: what is hidden in one place must stand in no other."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import quote

import msgspec

from entrepot.doors.kit.wire import encode

HIDDEN: Final = "[hidden]"
SHORTEST: Final = 8
FEWEST_SIGNS: Final = 4
"""A shorter one, or one of fewer different signs, may stand anywhere by chance."""
MOST: Final = 200
"""So many secrets of one exchange are looked for elsewhere; they are hidden in their own places anyhow."""
_SECRET: Final = re.compile(
    r"passw|passphrase|passcode|pwd$|secret|token|authori[sz]ation|cookie|api[-_]?key|private[-_]?key|cvc|cvv"
    r"|card[-_]?number|^(?:auth|session|pan|pass|credentials?|signature)$",
    re.IGNORECASE,
)

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]+")
"""What is written alike everywhere."""


_SCALARS: Final = frozenset({str, int, Decimal, msgspec.Raw})


@lru_cache(4096)
def is_secret(name: str) -> bool:
    """Whether a member, header or parameter of this name holds a secret."""
    return _SECRET.search(name) is not None


class KnownSecrets:
    """Gathered while an exchange is read, and then hidden in all that is kept of it."""

    def __init__(self) -> None:
        self._noted = set[str]()
        self._in_texts: list[str] = []
        """Each secret as a text has it, and as an address does."""
        self._in_json: list[str] = []
        """Each as JSON writes them."""

    def add(self, value: Any) -> None:
        """Take note of what was hidden: a text or number, or within an object or a list texts without blanks."""
        if type(value) in _SCALARS:
            self._note(_text(value))
        else:
            for text in _texts(value):
                if " " not in text:
                    self._note(text)

    def add_header(self, value: str) -> None:
        """Take note of a header that lets somebody in: the key, the token, or the password of the pair."""
        self._note(value)
        words = value.replace(";", " ").split()[-10:]
        for word in words if len(words) > 1 else ():
            self._note(word)
            self._note(word.partition("=")[2])
            for part in _pair(word)[1:]:
                self._note(part)

    def without(self, text: str) -> str:
        """A text in which no secret stands."""
        if _holds_any(text, self._in_texts):
            for form in sorted(self._in_texts, key=len, reverse=True):  # one may be a part of another
                text = text.replace(form, HIDDEN)
        return text

    def written(self, value: Any) -> str:
        """A value as JSON in which no secret stands. Raises what encoding raises."""
        text = encode(value).decode()
        return encode(self._cleaned(value)).decode() if _holds_any(text, self._in_json) else text

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, msgspec.Struct):
            value = msgspec.to_builtins(value, builtin_types=(Decimal,))
        if type(value) is dict:
            members = cast("dict[str, Any]", value)
            return {self.without(name): self._cleaned(each) for name, each in members.items()}
        if type(value) in (list, tuple):
            return [self._cleaned(each) for each in cast("list[Any]", value)]
        if type(value) is str:
            return self.without(value)
        return HIDDEN if _text(value) in self._noted else value

    def _note(self, text: str) -> None:
        fits = len(text) >= SHORTEST and len(set(text)) >= FEWEST_SIGNS and text != HIDDEN
        if fits and text not in self._noted and len(self._noted) < MOST:
            self._noted.add(text)
            in_json, *in_addresses = (text,) if _PLAIN.fullmatch(text) else _written(text)
            self._in_texts += (text, *in_addresses)
            self._in_json += (in_json, *in_addresses)


def _holds_any(text: str, forms: Iterable[str]) -> bool:
    for form in forms:  # noqa: SIM110  (`any` takes three times as long)
        if form in text:
            return True
    return False


def _written(text: str) -> tuple[str, ...]:
    """How JSON writes it, and how an address does where that is not the text itself."""
    in_json, in_addresses = encode(text).decode()[1:-1], quote(text, safe="")
    return (in_json,) if in_addresses == text else (in_json, in_addresses)


def _text(value: Any) -> str:
    """A text or number as it is written; of numbers with a fraction some come unread."""
    return bytes(value).decode() if type(value) is msgspec.Raw else str(value)


def _texts(value: Any) -> Iterator[str]:
    if type(value) is str:
        yield value
    elif type(value) in (dict, list):
        inner: Iterable[Any] = cast("dict[str, Any]", value).values() if type(value) is dict else value
        for each in inner:
            yield from _texts(each)


def _pair(word: str) -> list[str]:
    """The parts of a pair as HTTP's basic scheme writes it; none if it is none."""
    try:
        return base64.b64decode(word, validate=True).decode().split(":", 1)
    except (binascii.Error, ValueError):
        return []
