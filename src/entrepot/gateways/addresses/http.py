"""Address look-up over HTTP: `POST {"country", "identity"}` with the key in `API-Key`.

A 200 with `{"address": {…}}` is an address, in the fields of `FoundAddress` in camel case; a 404 is nobody.
"""

from __future__ import annotations

import msgspec

from entrepot.gateways.addresses.port import (
    AddressQuery,
    Found,
    FoundAddress,
    LookupFailed,
    LookupOutcome,
    NotFound,
)
from entrepot.gateways.http.client import GuardedClient, NoReply, Reply

NOBODY = 404


class _Answer(msgspec.Struct):
    address: FoundAddress


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Answer).decode


class HttpAddressLookup:
    """Asks one register, once per query."""

    def __init__(
        self, url: str, api_key: str, *, allow_private: bool = False, client: GuardedClient | None = None
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._allow_private = allow_private
        self._client = client or GuardedClient()

    async def find(self, query: AddressQuery) -> LookupOutcome:
        """See `AddressLookup.find`. What cannot be a number is nobody's and is not asked for."""
        identity = query.plain.identity
        if not identity:
            return NotFound()
        reply = await self._client.send(
            "POST",
            self._url,
            headers={"API-Key": self._api_key, "Content-Type": "application/json"},
            content=_encode({"country": query.country, "identity": identity}),
            allow_private=self._allow_private,
        )
        return LookupFailed(reply.reason) if isinstance(reply, NoReply) else _outcome(reply)


def _outcome(reply: Reply) -> LookupOutcome:
    if reply.status == NOBODY:
        return NotFound()
    if not 200 <= reply.status < 300:
        return LookupFailed(f"the register answered with status {reply.status}")
    if reply.body is None:
        return LookupFailed("the register's reply is too long")
    try:
        return Found(_decode(reply.body).address)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return LookupFailed("the register's reply cannot be read")
