"""An exchange: one request with all that became of it, as observers learn of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from entrepot.doors.kit.observing.calls import Account, Call, Done
from entrepot.doors.kit.observing.keeps import Keeps
from entrepot.failures import Failure

if TYPE_CHECKING:
    from entrepot.doors.kit.messages import Reply, Request

DISCONNECTED = "disconnected"


class Exchange(msgspec.Struct, frozen=True, eq=False):
    """A request and its reply, which is None where the caller left before there was one.

    `seconds` count from the request's head. A message of several calls is one exchange, which lists them.
    """

    door: str
    operation: str
    request: Request
    reply: Reply | None
    seconds: float
    keeps: Keeps | None = None
    """What may be kept of it; None where nobody declared that."""

    @property
    def request_id(self) -> str:
        """By which caller and operator know the request."""
        return self.request.id

    @property
    def caller(self) -> Account | None:
        """Who called; None where nobody was recognised."""
        return self.request.caller

    @property
    def channel(self) -> str | None:
        """The name of the caller's account."""
        return self.request.channel

    @property
    def failure(self) -> Failure | None:
        """Why it was refused."""
        return self.reply.failure if self.reply else None

    @property
    def outcome(self) -> str:
        """`ok`, `disconnected` or the failure's name."""
        reply = self.reply
        if reply is None:
            return DISCONNECTED
        return reply.failure.name if reply.failure else "ok"

    @property
    def calls(self) -> Sequence[Call]:
        """The calls of which the request was made; of most it is itself the only one."""
        made_of = self.request.calls
        return made_of or (Call(self.operation, self.request.channel, self.outcome, self.seconds),)

    @property
    def commands(self) -> Sequence[Done]:
        """The commands that it came to, in the order of their outcomes."""
        return self.request.commands

    @property
    def orders(self) -> list[int]:
        """The orders that it was about, each once."""
        return list(dict.fromkeys([each.order for each in self.commands if each.order is not None]))


class Observer(Protocol):
    """What learns of every exchange once it is over: metrics, the request log, the integration log."""

    def __call__(self, exchange: Exchange, /) -> None:
        """Look at the exchange; it must not wait for anything."""
        ...


def observers(*every: Observer) -> Observer:
    """One observer that tells all of these."""

    def tell(exchange: Exchange, /) -> None:
        for each in every:
            each(exchange)

    return tell
