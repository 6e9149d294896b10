"""Where faults strike: around the rules, connections and gateways of one server.

They are put there where the parts are wired, so that neither the caller nor the called knows of them.
"""

from __future__ import annotations

from typing import TypeVar

from entrepot.engine.batches.batch import Rule, own_rule
from entrepot.engine.batches.engine import Connect
from entrepot.integration_log.writer import Copy
from entrepot.sandbox.register import (
    Fault,
    FaultOrder,
    FaultRegister,
    InjectedFaultError,
    Scope,
    TooManyFaultsError,
)
from entrepot.sandbox.targets import GatewayName
from entrepot.sandbox.wrapped.connections import FaultyConnection, FaultyPool
from entrepot.sandbox.wrapped.gateways import FaultyGateway
from entrepot.sandbox.wrapped.log import faulty_copy
from entrepot.sandbox.wrapped.rules import faulty_rule
from entrepot.store.connections import LaneConnection, Pool

__all__ = ["Fault", "FaultOrder", "Faults", "InjectedFaultError", "Scope", "TooManyFaultsError"]

G = TypeVar("G")


class Faults(FaultRegister):
    """The faults of one server, and the wrappers by which they strike. Not for use by several threads."""

    def wrap_rule(self, rule: Rule = own_rule) -> Rule:
        """The rule, which raises InjectedFaultError where a fault strikes."""
        return faulty_rule(rule, self)

    def wrap_connect(self, connect: Connect) -> Connect:
        """What gives a lane its connection, which faults on `connection:engine` then break."""

        async def connected() -> LaneConnection:
            return FaultyConnection(await connect(), self)

        return connected

    def wrap_pool(self, pool: Pool) -> Pool:
        """The pool for reads, with faults on `connection:reads`."""
        return FaultyPool(pool, self)

    def wrap_copy(self, copy: Copy) -> Copy:
        """What writes the integration log, with faults on `connection:log`."""
        return faulty_copy(copy, self)

    def wrap_gateway(self, name: GatewayName, gateway: G, workspace: int | None = None) -> G:
        """A gateway of this workspace, with faults on its calls. It keeps the port that it serves."""
        return FaultyGateway.around(name, gateway, self, workspace)
