"""Gateways whose failures are told to the operator: each call that came to nothing is a warning with its reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

import structlog

from entrepot.engine.gateways import GatewayName, Wrap
from entrepot.failures.payments import TaxUnavailable
from entrepot.gateways.addresses.port import LookupFailed
from entrepot.gateways.cards.port import CallFailed
from entrepot.gateways.carriers.port import CarrierFailed
from entrepot.gateways.hubs.port import HubFailed, HubRefused
from entrepot.gateways.labels.port import LabelFailed, LabelRefused
from entrepot.gateways.mail.port import MailFailed
from entrepot.gateways.tokens.port import NoVerdict

G = TypeVar("G")
Method = Callable[..., Awaitable[object]]
_log = structlog.stdlib.get_logger("entrepot.providers")


def watching(inner: Wrap) -> Wrap:
    """Put the watch around what `inner` puts around each gateway."""

    def wrap(name: GatewayName, gateway: G, workspace: int) -> G:
        return cast("G", _Watched(name, inner(name, gateway, workspace), workspace))

    return wrap


def reason_of(outcome: object) -> str | None:
    """Why a provider's answer is none, in words without anything secret; None for an answer."""
    match outcome:
        case CallFailed():
            return f"{outcome.reason} ({outcome.code})" if outcome.code else outcome.reason
        case MailFailed() | NoVerdict() | LookupFailed() | HubFailed() | HubRefused():
            return outcome.reason
        case LabelFailed() | LabelRefused() | CarrierFailed():
            return outcome.reason
        case TaxUnavailable():
            return outcome.detail
        case _:
            return None


class _Watched:
    """A workspace's gateway; what it answers goes through unchanged."""

    def __init__(self, name: GatewayName, gateway: object, workspace: int) -> None:
        self._name = name
        self._gateway = gateway
        self._workspace = workspace

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._gateway, attribute)
        called: object = getattr(value, "func", value)
        return partial(self._call, attribute, value) if iscoroutinefunction(called) else value

    async def _call(self, what: str, method: Method, *args: object, **named: object) -> object:
        outcome = await method(*args, **named)
        if (reason := reason_of(outcome)) is not None:
            call = f"{self._name}.{what}"
            _log.warning("provider failed", workspace=self._workspace, call=call, reason=reason)
        return outcome
