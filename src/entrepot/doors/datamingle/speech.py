"""In whose words a request speaks: the API's own, or a partner's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from entrepot.doors.kit.checking.trails import dotted
from entrepot.doors.kit.observing.calls import Story
from entrepot.failures import Failure

Path = Sequence[str | int]
NON_FIELD: tuple[str | int, ...] = ("non_field_errors",)
"""The place of what is no field's fault."""


class Speech(Protocol):
    """How one partner calls things of one resource."""

    identifier: str | None
    """The field by which it names records, if it said so."""

    def inward(self, payload: Any, *, partial: bool) -> Any | Failure:
        """The payload in the API's own words; `partial` where it changes a record that is there."""
        ...

    def story(self, body: bytes, *, partial: bool) -> Story | None:
        """How a body is put into the API's own words, for whoever asks later; None where nothing is moved."""
        ...

    def outward(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record in the partner's words."""
        ...

    def element(self, field: str, record: dict[str, Any]) -> dict[str, Any]:
        """A record in the partner's words that stands alone, though in payloads it is an element of `field`."""
        ...

    def name(self, path: Path) -> str:
        """What the partner calls a field, as its errors write it."""
        ...


class OwnWords:
    """The API's own words: nothing is moved."""

    identifier: str | None = None

    def inward(self, payload: Any, *, partial: bool) -> Any:
        """The payload as it came."""
        del partial
        return payload

    def story(self, body: bytes, *, partial: bool) -> None:
        """None: nothing is moved."""
        del body, partial

    def outward(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record as it is."""
        return record

    def element(self, field: str, record: dict[str, Any]) -> dict[str, Any]:
        """The record as it is."""
        del field
        return record

    def name(self, path: Path) -> str:
        """The field's own name, such as `items[1].quantity`."""
        return dotted(path)


OWN_WORDS = OwnWords()
