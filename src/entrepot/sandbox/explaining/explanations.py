"""The latest requests of one server, each with why it was refused."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import structlog

from entrepot.doors.kit import Exchange
from entrepot.failures import Failure
from entrepot.integration_log.entries import outcome_of, secrets_of
from entrepot.integration_log.known_secrets import KnownSecrets
from entrepot.sandbox.explaining.showing import member, shown_row
from entrepot.sandbox.explaining.tracing import Trace, Traces

_log = structlog.stdlib.get_logger("entrepot.sandbox")

MOST_REQUESTS: Final = 1_000
MOST_REFUSALS: Final = 20
"""Of one request, which may be made of many calls."""


class Refusal(msgspec.Struct, frozen=True):
    """One reason, of the command that met it, or of the door before there was any."""

    failure: Failure
    command: str | None = None
    trace: Trace | None = None


class Explained(msgspec.Struct, frozen=True):
    """A request, what it came to, and why. `secrets` are what must not be told of it."""

    door: str
    operation: str
    status: int
    outcome: str
    refusals: tuple[Refusal, ...]
    secrets: KnownSecrets


class Explanations:
    """The observer of exchanges that remembers why. It tells nothing until it is asked."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self._kept: OrderedDict[str, Explained] = OrderedDict()

    def __call__(self, exchange: Exchange, /) -> None:
        """Remember an exchange; the latest of its id counts."""
        status = exchange.reply.status if exchange.reply else 0
        why = tuple(self._refusals(exchange))[:MOST_REFUSALS]
        try:
            secrets = secrets_of(exchange) if why else KnownSecrets()
        except Exception:  # what cannot be told without its secrets is not told, and nobody waits for it
            _log.exception("a refusal could not be explained", request_id=exchange.request_id)
            return
        self._kept.pop(exchange.request_id, None)
        self._kept[exchange.request_id] = Explained(
            exchange.door, exchange.operation, status, outcome_of(exchange), why, secrets
        )
        if len(self._kept) > MOST_REQUESTS:
            self._kept.popitem(last=False)

    def of(self, request_id: str) -> dict[str, Any] | None:
        """Why the request of this id came to what it came to, ready for JSON; None where nobody remembers it."""
        found = self._kept.get(request_id)
        if found is None:
            return None
        told = {
            "request_id": request_id,
            "door": found.door,
            "operation": found.operation,
            "status": found.status,
            "outcome": found.outcome,
            "refusals": [_told(each) for each in found.refusals],
        }
        return msgspec.json.decode(found.secrets.written(told))

    def _refusals(self, exchange: Exchange) -> Iterator[Refusal]:
        """Those of its commands, and the one that was answered where no command met it."""
        known: list[Failure] = []
        for each in exchange.commands:
            if each.refusal is not None:
                trace = self._traces.of(each.refusal)
                for failure in each.refusal.failures:
                    known.append(failure)
                    yield Refusal(failure, each.name, trace)
        if exchange.failure is not None and exchange.failure not in known:
            yield Refusal(exchange.failure)


def _told(refusal: Refusal) -> dict[str, Any]:
    failure, trace = refusal.failure, refusal.trace
    check = trace.check if trace else None
    return {
        "failure": failure.name,
        "title": failure.title,
        "page": f"/failures/{failure.name}",
        "retry": failure.retry.value,
        "would_pass": failure.advice,
        "compared": {each: member(each, getattr(failure, each)) for each in failure.__struct_fields__},
        "command": refusal.command,
        "check": None if check is None else {"name": check.name, "line": check.line, "says": check.says},
        "at": trace.at if trace else None,
        "rows": [shown_row(each) for each in trace.looks] if trace else [],
    }
