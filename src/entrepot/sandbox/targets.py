"""What a fault can be put on, and how each of these can fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal

from entrepot.domain.kernel.commands import Command
from entrepot.engine.gateways import GatewayName
from entrepot.gateways.addresses.port import AddressLookup
from entrepot.gateways.cards.port import CardGateway
from entrepot.gateways.carriers.port import Carrier
from entrepot.gateways.hubs.port import OrderHub
from entrepot.gateways.labels.port import LabelService
from entrepot.gateways.mail.port import MailGateway
from entrepot.gateways.taxes.port import TaxGateway
from entrepot.gateways.tokens.port import TokenValidator
from entrepot.registry import DOORS

Kind = Literal["error", "refuse", "timeout", "slow", "drop", "busy", "half", "trickle", "garbage", "length"]
Moment = Literal["before-commit", "commit", "after-commit"]

RULE = "rule:"
ENGINE = "connection:engine"
READS = "connection:reads"
LOG = "connection:log"
LINE = "line:"

_PORTS: Mapping[GatewayName, type] = {
    "cards": CardGateway,
    "taxes": TaxGateway,
    "tokens": TokenValidator,
    "mails": MailGateway,
    "addresses": AddressLookup,
    "hubs": OrderHub,
    "labels": LabelService,
    "carriers": Carrier,
}
_NOT_CALLS = frozenset({"close", "in_process"})

_RULE: tuple[Kind, ...] = ("error", "busy")
_GATEWAY: tuple[Kind, ...] = ("error", "refuse", "timeout", "slow", "drop")
_LINE: tuple[Kind, ...] = ("refuse", "timeout", "slow", "drop", "half", "trickle", "garbage", "length")
_CONNECTIONS: Mapping[str, tuple[Kind, ...]] = {
    ENGINE: ("refuse", "slow", "drop"),
    READS: ("error", "refuse", "timeout", "slow"),
    LOG: ("error", "refuse", "timeout", "slow", "drop"),
}


def rule_target(command: type[Command]) -> str:
    """The target that the rule of this command is."""
    return RULE + command.__name__


def line_target(door: str) -> str:
    """The target that the line from callers to this door is."""
    return LINE + door


def targets() -> dict[str, tuple[Kind, ...]]:
    """Every target of this server, with the kinds of fault that it can have."""
    rules = {rule_target(command): _RULE for command in _commands(Command)}
    lines = {line_target(door): _LINE for door in DOORS}
    gateways = dict.fromkeys(gateway_targets(), _GATEWAY)
    return dict(sorted(rules.items())) | lines | dict(_CONNECTIONS) | gateways


@cache
def gateway_targets() -> tuple[str, ...]:
    """Every call of every gateway."""
    return tuple(f"{name}.{method}" for name, port in _PORTS.items() for method in _methods(port))


def _commands(base: type[Command]) -> Iterator[type[Command]]:
    """The commands that somebody sends: those that no other is made from."""
    for command in base.__subclasses__():
        if command.__subclasses__():
            yield from _commands(command)
        else:
            yield command


def _methods(port: type) -> list[str]:
    return [name for name in vars(port) if not name.startswith("_") and name not in _NOT_CALLS]
