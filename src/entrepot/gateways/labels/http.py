"""A label service over HTTP, in a form of our own: a service by keys (`entrepot.gateways.http.keyed`).

`POST <url>/labels` asks for a label, as JSON in camel case. A 2xx brings it: `{"carrier", "trackingNumber", "labelUrl",
"trackingUrl"?, "document"?}`, where `document` is the PDF in base64. `DELETE <url>/labels/<key>` takes it back.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from entrepot.gateways.http.client import GuardedClient, NoReply, Reply
from entrepot.gateways.http.keyed import LIMIT_SECONDS, KeyedService, No
from entrepot.gateways.labels.port import (
    Label,
    LabelFailed,
    LabelRefused,
    LabelRequest,
    Making,
    Voided,
    Voiding,
)

MAX_REPLY_BYTES = 2 * 1024 * 1024
"""A document is some tens of kilobytes; what is longer is no label."""
_WEB = r"^https?://[^\s\x00]+$"

_Number = Annotated[str, Meta(min_length=1, max_length=255)]


class _Answer(msgspec.Struct, rename="camel"):
    tracking_number: _Number
    label_url: Annotated[str, Meta(pattern=_WEB, max_length=2_000)]
    carrier: Annotated[str, Meta(max_length=255)] = ""
    tracking_url: Annotated[str, Meta(pattern=f"^$|{_WEB}", max_length=2_000)] = ""
    document: bytes | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Answer).decode


class HttpLabelService:
    """Asks one service, once per call, ten seconds in all."""

    def __init__(
        self, url: str, api_key: str, *, allow_private: bool = False, client: GuardedClient | None = None
    ) -> None:
        client = client or GuardedClient(limit_seconds=LIMIT_SECONDS, max_reply_bytes=MAX_REPLY_BYTES)
        what = "the label service"
        self._service = KeyedService(what, url, "/labels", api_key, client, allow_private=allow_private)

    async def make(self, request: LabelRequest) -> Making:
        """See `LabelService.make`."""
        answer = await self._service.make(request.key, _encode(request), status_only=False)
        if isinstance(answer, NoReply):
            return LabelFailed(answer.reason, answer.reached)
        return LabelRefused(answer.reason) if isinstance(answer, No) else _label(answer)

    async def void(self, key: str) -> Voiding:
        """See `LabelService.void`."""
        failed = await self._service.take_back(key)
        return Voided() if failed is None else LabelFailed(failed.reason, failed.reached)


def _label(reply: Reply) -> Making:
    """What a 2xx brought: whatever it is, the service may have made a label."""
    if reply.body is None:
        return LabelFailed("the label service's reply is too long")
    try:
        told = _decode(reply.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return LabelFailed("the label service's reply cannot be read")
    if "\0" in told.tracking_number + told.carrier:  # what no text of the database can hold
        return LabelFailed("the label service's reply cannot be read")
    return Label(told.carrier, told.tracking_number, told.label_url, told.tracking_url, told.document)
