"""Gateways that may fail by order.

A port lets no exception through, so what a broken line comes to is said as the real adapter says it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Literal, TypeVar, cast

from entrepot.gateways.addresses.port import LookupFailed
from entrepot.gateways.cards.port import CallFailed
from entrepot.gateways.carriers.port import CarrierFailed
from entrepot.gateways.hubs.port import HubFailed
from entrepot.gateways.labels.port import LabelFailed
from entrepot.gateways.mail.port import MailFailed
from entrepot.gateways.tokens.port import NoVerdict
from entrepot.sandbox.register import Fault, FaultRegister, InjectedFaultError
from entrepot.sandbox.targets import GatewayName, gateway_targets

G = TypeVar("G")
Loss = Literal["refuse", "timeout", "drop"]
Call = Callable[..., Awaitable[object]]

LIMITS: Mapping[GatewayName, float] = {
    "cards": 20.0,
    "taxes": 10.0,
    "tokens": 5.0,
    "mails": 20.0,
    "addresses": 5.0,
    "hubs": 10.0,
    "labels": 10.0,
    "carriers": 10.0,
}
"""Seconds after which the real adapters give a call up."""

_NEVER_IN_DOUBT = frozenset({"read", "find_intent", "find_refund", "payout_ready"})


class FaultyGateway:
    """A workspace's gateway behind its faults."""

    def __init__(
        self,
        name: GatewayName,
        gateway: object,
        faults: FaultRegister,
        workspace: int | None,
    ) -> None:
        self._name: GatewayName = name
        self._gateway = gateway
        self._faults = faults
        self._workspace = workspace

    @classmethod
    def around(cls, name: GatewayName, gateway: G, faults: FaultRegister, workspace: int | None) -> G:
        """The gateway with its faults, under the gateway's own type."""
        return cast("G", cls(name, gateway, faults, workspace))

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._gateway, attribute)
        target = f"{self._name}.{attribute}"
        return partial(self._call, target, value) if target in gateway_targets() else value

    async def _call(self, target: str, method: Call, *args: object, **named: object) -> object:
        fault = self._faults.strike(target, self._workspace)
        if fault is None:
            return await method(*args, **named)
        how = fault.order.kind
        if how == "slow":
            await fault.wait(fault.order.delay or 0)
            return await method(*args, **named)
        if how == "drop":
            await method(*args, **named)
        elif how == "timeout":
            await self._time_out(fault)
        elif how != "refuse":
            raise InjectedFaultError(target)
        return self._lost(target, how)

    async def _time_out(self, fault: Fault) -> None:
        delay = fault.order.delay
        await fault.wait(LIMITS[self._name] if delay is None else delay)

    def _lost(self, target: str, how: Loss) -> object:
        match self._name:
            case "cards":
                doubtful = how != "refuse" and target.partition(".")[2] not in _NEVER_IN_DOUBT
                return CallFailed(None, in_doubt=doubtful)
            case "taxes":
                return _no_taxes(how, getattr(self._gateway, "url", None))
            case "tokens":
                return NoVerdict(_NO_VERDICT[how])
            case "mails":
                return MailFailed(_NO_MAIL[how])
            case "addresses":
                return LookupFailed(_NO_VERDICT[how])
            case "hubs":
                return HubFailed(_NO_VERDICT[how], reached=how != "refuse")
            case "carriers":
                return CarrierFailed(_NO_VERDICT[how])
            case "labels":
                return LabelFailed(_NO_VERDICT[how], reached=how != "refuse")


_NO_VERDICT: Mapping[Loss, str] = {
    "refuse": "the connection failed: ConnectError",
    "timeout": "no reply within the time limit",
    "drop": "the connection failed: RemoteProtocolError",
}


_NO_MAIL: Mapping[Loss, str] = {
    "refuse": "the mail server could not be used: SMTPConnectError",
    "timeout": "the mail server did not answer within the time limit",
    "drop": "the mail server could not be used: SMTPServerDisconnected",
}


_LINE: Mapping[Loss, type[OSError]] = {
    "refuse": ConnectionRefusedError,
    "timeout": TimeoutError,
    "drop": ConnectionResetError,
}


def _no_taxes(how: Loss, url: str | None) -> object:
    from entrepot.gateways.taxes.avatax import AVATAX_URL
    from entrepot.gateways.taxes.avatax_reply import unavailable_because

    return unavailable_because(_LINE[how](), url or f"{AVATAX_URL}/api/v2/transactions/create")
