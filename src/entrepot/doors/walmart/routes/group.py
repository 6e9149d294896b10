"""What every group of operations does alike: who is admitted, and what a silent database comes to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from entrepot.doors.kit import (
    NOTHING,
    Answer,
    Door,
    Endpoint,
    GuardedEndpoint,
    Keeps,
    Operation,
    Request,
    Resource,
    Services,
)
from entrepot.doors.kit.admission import AccessTokens
from entrepot.doors.walmart.admission import admitted
from entrepot.doors.walmart.errors import Voice
from entrepot.doors.walmart.failures import render
from entrepot.doors.walmart.reads import Reads
from entrepot.store.credentials.directory import Caller

BODY_LIMIT: Final = 1_000_000
KEPT: Final = Keeps(
    request=(),
    reply=(),
    headers=frozenset({"wm_svc.name", "wm_qos.correlation_id", "wm_mart_id", "martid", "buid", "wm_sandbox"}),
    query=frozenset(
        [
            "buId",
            "endDate",
            "fromModifiedDate",
            "fromOrderDate",
            "gtin",
            "limit",
            "martId",
            "offset",
            "orderChannelId",
            "orderNumber",
            "partnerId",
            "returnOrderId",
            "sellerOrderId",
            "shipmentNumber",
            "shipNodeType",
            "sku",
            "sortBy",
            "sortOrder",
            "startDate",
            "status",
            "toModifiedDate",
            "toOrderDate",
            "trackingNumber",
        ]
    ),
)
"""What logs may keep of an operation whose bodies hold no secret."""
Handler = Callable[[Request, Caller], Awaitable[Answer]]


class Routes(ABC):
    """A group of operations."""

    def __init__(self, services: Services, tokens: AccessTokens, reads: Reads) -> None:
        self.services = services
        self.tokens = tokens
        self.reads = reads

    @abstractmethod
    def resources(self) -> list[Resource]:
        """The paths of the group, relative to the door."""

    def guarded(self, name: str, voice: Voice, handle: Handler, keeps: Keeps = KEPT) -> Operation:
        """An operation for whoever has an access token."""
        admit = partial(admitted, self.tokens)
        return GuardedEndpoint(door(self.services, voice), name, admit, handle, keeps=keeps)

    def open(self, name: str, voice: Voice, handle: Callable[[Request], Awaitable[Answer]]) -> Operation:
        """An operation that finds out itself who calls."""
        return Endpoint(door(self.services, voice), name, handle, keeps=NOTHING)


def door(services: Services, voice: Voice) -> Door:
    """What an operation of this voice shares with the door's others."""
    return Door("walmart", partial(render, voice), services.observe, BODY_LIMIT, now=services.clock.now)
