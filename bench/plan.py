"""How much a run measures."""

from __future__ import annotations

import msgspec

from bench.messages import EVERYTHING
from bench.sockets import COUNT


class Plan(msgspec.Struct, frozen=True):
    """How much is measured: each load for so many seconds or `most` requests, whichever come first.

    One worker and two are measured in so many `turns`; a flood has `flood` seconds before it is measured what it does.
    """

    variants: int = 1_000
    workspaces: int = 1_000
    cards: int = 100_000
    connections: int = 64
    many: int = 256
    rounds: int = 3
    seconds: int = 4
    most: int = EVERYTHING
    starts: int = 5
    held: int = 100_000
    turns: int = 3
    flood: float = 5
    sockets: int = COUNT
    counted_orders: int = 500
    wrk: str | None = None
