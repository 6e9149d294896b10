"""A label service over HTTP, in a form of our own.

`POST <url>/labels` with the key in `Idempotency-Key` asks for a label, as JSON in camel case. A 2xx brings it:
`{"carrier", "trackingNumber", "labelUrl", "trackingUrl"?, "document"?}`, where `document` is the PDF in base64. A 4xx
but 408, 425 and 429 refuses it, and anything else is no answer. `DELETE <url>/labels/<key>` takes it back: a 2xx, 404
or 410 says that there is none, and that this key is closed. The account's key at the service is in `API-Key`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from entrepot.gateways.http.client import GuardedClient, NoReply, Reply
from entrepot.gateways.labels.port import (
    Label,
    LabelFailed,
    LabelRefused,
    LabelRequest,
    Making,
    Voided,
    Voiding,
)

LIMIT_SECONDS = 10.0
MAX_REPLY_BYTES = 2 * 1024 * 1024
"""A document is some tens of kilobytes; what is longer is no label."""
_GONE = frozenset({404, 410})
_OF_THE_REQUEST = frozenset({408, 425, 429})
"""Statuses that speak of time or of too many requests, and not of the label."""
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
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._allow_private = allow_private
        self._client = client or GuardedClient(limit_seconds=LIMIT_SECONDS, max_reply_bytes=MAX_REPLY_BYTES)

    async def make(self, request: LabelRequest) -> Making:
        """See `LabelService.make`."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": request.key}
        reply = await self._send("POST", "/labels", headers, _encode(request))
        if isinstance(reply, NoReply):
            return LabelFailed(reply.reason, reply.reached)
        if 200 <= reply.status < 300:
            return _label(reply)
        reason = f"the label service answered with status {reply.status}"
        refused = 400 <= reply.status < 500 and reply.status not in _OF_THE_REQUEST
        return LabelRefused(reason) if refused else LabelFailed(reason)

    async def void(self, key: str) -> Voiding:
        """See `LabelService.void`."""
        reply = await self._send("DELETE", f"/labels/{key}", {}, None)
        if isinstance(reply, NoReply):
            return LabelFailed(reply.reason, reply.reached)
        if 200 <= reply.status < 300 or reply.status in _GONE:
            return Voided()
        return LabelFailed(f"the label service answered with status {reply.status}")

    async def _send(
        self, method: str, path: str, headers: dict[str, str], content: bytes | None
    ) -> Reply | NoReply:
        return await self._client.send(
            method,
            self._url + path,
            headers={"API-Key": self._api_key, **headers},
            content=content,
            allow_private=self._allow_private,
            status_only=method == "DELETE",
        )


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
