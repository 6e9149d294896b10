"""Labels as PDF at `/labels/<workspace>-<key>.pdf`: whoever was given the path may read it, and nobody can guess it.

The simulated service's label is drawn when it is first read. A label that another service made is read there. Until the
label is there, and once it is void, the answer is 404.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import quote
from uuid import UUID

from starlette.types import ASGIApp

from entrepot.doors.kit import (
    Answer,
    Door,
    Endpoint,
    Header,
    Observer,
    Reply,
    Request,
    Resource,
    Router,
    encode,
)
from entrepot.failures import Failure, UnknownRoute
from entrepot.failures.service import Unavailable
from entrepot.gateways.labels.simulated import SimulatedLabels
from entrepot.store.connections import FAULTS, Pool
from entrepot.store.queries.after_sale.labels import label_of

_NAME: Final = re.compile(r"([0-9a-f]{1,14})-([0-9a-f]{32})\.pdf", re.ASCII)
_LARGEST: Final = 2**53
_STATUS: Final = {
    "method-not-allowed": 405,
    "payload-too-large": 413,
    "unavailable": 503,
    "unknown-route": 404,
}
_HEADERS: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
)
"""A label has people's addresses on it."""


class LabelPages:
    """Serves the labels of all workspaces. `books` are the simulators', `reads` the platform's."""

    def __init__(self, books: Pool, reads: Pool, now: Callable[[], datetime], observe: Observer) -> None:
        self._books = books
        self._reads = reads
        self._now = now
        self._door = Door("labels", _render, observe)

    def app(self) -> ASGIApp:
        """The one route as an ASGI app."""
        return Router(
            self._door,
            [Resource("/{name}", {"GET": Endpoint(self._door, "label", self._label, body_limit=0)})],
        )

    async def _label(self, request: Request) -> Answer:
        found = _NAME.fullmatch(request.params["name"])
        if found is None or (workspace := int(found[1], 16)) >= _LARGEST:
            return UnknownRoute()
        try:
            document = await SimulatedLabels(self._books, workspace, self._now).document(found[2])
            if document is not None:
                shown = (b"content-disposition", b'inline; filename="label.pdf"')
                return Reply(200, document, (*_HEADERS, shown), media_type=b"application/pdf")
            return await self._elsewhere(workspace, UUID(found[2]))
        except FAULTS:
            return Unavailable(1)

    async def _elsewhere(self, workspace: int, key: UUID) -> Answer:
        async with self._reads.acquire() as connection:
            label = await label_of(connection, workspace, key)
        if label is None or label.url.startswith("/"):
            return UnknownRoute()
        return Reply(307, b"", (*_HEADERS, (b"location", _location(label.url))))


def _location(url: str) -> bytes:
    """The URL as a header can hold it."""
    return quote(url, safe="!#$%&'()*+,/:;=?@[]~").encode("ascii")


def _render(failure: Failure, _: Request) -> Reply:
    return Reply(_STATUS.get(failure.name, 500), encode({"error": failure.title}), _HEADERS)
