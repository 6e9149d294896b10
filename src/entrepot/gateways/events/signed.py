"""Signed posts: each has headers of ours.

`Entrepot-Delivery` is the same for every repeat of one message, and `Entrepot-Attempt` counts these where they are
counted. `Entrepot-Signature` is `t=<Unix seconds>,v1=<hex>`, where `v1` is the HMAC-SHA256 of `<Unix seconds>.<body>`
under a secret that both sides know. Who checks them and the age of `t` can neither be deceived nor be told the same
thing again.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from entrepot.gateways.http.client import GuardedClient, NoReply, Reply

DELIVERY_HEADER: Final = "Entrepot-Delivery"
ATTEMPT_HEADER: Final = "Entrepot-Attempt"
SIGNATURE_HEADER: Final = "Entrepot-Signature"


class Receiver(msgspec.Struct, frozen=True):
    """Where a signed post goes, and under which secret."""

    url: str
    secret: bytes
    allow_private: bool = False

    def __repr__(self) -> str:
        return "Receiver()"


async def post_signed(
    client: GuardedClient, to: Receiver, body: bytes, key: str, at: datetime, attempt: int | None = None
) -> Reply | NoReply:
    """Post a JSON text, signed at this time; of the reply only the status is read."""
    headers = {
        "Content-Type": "application/json",
        DELIVERY_HEADER: key,
        SIGNATURE_HEADER: signature(to.secret, body, at),
    }
    if attempt is not None:
        headers[ATTEMPT_HEADER] = str(attempt)
    return await client.send(
        "POST", to.url, headers=headers, content=body, allow_private=to.allow_private, status_only=True
    )


def signature(secret: bytes, body: bytes, at: datetime) -> str:
    """The value of the signature's header."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret, b"%d.%b" % (seconds, body), "sha256").hexdigest()
    return f"t={seconds},v1={digest}"
