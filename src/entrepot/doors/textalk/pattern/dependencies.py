"""What the methods of this door work with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from entrepot.domain.kernel.commands import Command, Refused
from entrepot.doors.kit import Services
from entrepot.doors.kit.admission.passwords import Passwords
from entrepot.doors.textalk.caller.context import BuyerSession, Context
from entrepot.doors.textalk.caller.lookups import StoreLookups
from entrepot.doors.textalk.pattern.methods import ClassMethods
from entrepot.doors.textalk.wire.errors import RpcError
from entrepot.doors.textalk.wire.failures import rpc_error


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the door, shared by its methods."""

    services: Services
    lookups: StoreLookups
    passwords: Passwords
    classes: Mapping[str, ClassMethods]

    async def run(self, context: Context, command: Command) -> Any | RpcError:
        """What a command came to in the shop's workspace."""
        outcome = await self.services.engine.execute_anew(context.shop.workspace, command)
        return rpc_error(outcome.failures[0]) if isinstance(outcome, Refused) else outcome

    async def read(self, statement: str, *arguments: object) -> Sequence[Sequence[Any]]:
        """The rows of one plain read."""
        async with self.services.reads.acquire() as connection:
            return await connection.fetch(statement, *arguments)


def session_of(context: Context) -> BuyerSession:
    """The session, in methods that demand one."""
    if context.session is None:
        raise LookupError
    return context.session
