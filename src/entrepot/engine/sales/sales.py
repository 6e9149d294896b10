"""Sales made elsewhere: from a command to an outcome, with those asked whom the order needs before it may exist.

A caller who leaves stops nothing: what was begun is driven to its end.
"""

from __future__ import annotations

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.placing.attempts import Errands, Reserved
from entrepot.domain.placing.record_sale import TakeOrder
from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.money.attempts import AttemptProcessor
from entrepot.engine.money.turns import in_turn
from entrepot.engine.money.unbroken import Unbroken
from entrepot.engine.sales.errands import SaleErrands


class LabelWish(msgspec.Struct, frozen=True):
    """That an order is to have its return label from the beginning: by which service, and whether in the answer."""

    service: str = ""
    inline: bool = False


class Sales:
    """Takes orders of any workspace that were sold elsewhere."""

    def __init__(self, engine: Engine, attempts: AttemptProcessor, errands: SaleErrands) -> None:
        self._engine = engine
        self._attempts = attempts
        self._errands = errands
        self._unbroken = Unbroken()

    async def take(
        self, workspace: int, settings: ChannelSettings, command: TakeOrder, label: LabelWish | None = None
    ) -> Outcome:
        """Take an order: `Placed`, once its hub and, for a `label`, its label service have agreed, where it has any.

        Another order of the same name that is on its way is waited for.
        """
        wish = None if settings.labels.gateway == "none" else label
        errands = Errands(
            label=wish is not None,
            hub=settings.hub.gateway != "none",
            service=wish.service if wish else "",
            inline=wish is not None and wish.inline,
        )
        command = msgspec.structs.replace(command, errands=errands if errands.any else None)
        return await self._unbroken.run(self._taken(workspace, settings, command))

    async def stop(self) -> None:
        """Wait for the sales that are on their way."""
        await self._unbroken.stop()

    async def _taken(self, workspace: int, settings: ChannelSettings, command: TakeOrder) -> Outcome:
        async def once() -> Outcome:
            lease = None if command.errands is None else self._attempts.lease()
            outcome = await self._engine.execute(
                workspace, msgspec.structs.replace(command, lease_until=lease)
            )
            if not isinstance(outcome, Reserved):
                return outcome
            calls = self._errands.run(workspace, outcome.attempt, settings)
            return await self._attempts.drive(workspace, outcome.attempt, calls)

        return await in_turn(self._attempts, workspace, once)
