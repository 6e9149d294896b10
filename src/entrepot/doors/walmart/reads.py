"""Reading orders and storefronts for callers: all that is asked for in one turn of the loop in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias
from uuid import UUID

from entrepot.domain.catalogue.products import Goods
from entrepot.domain.kernel.records import View
from entrepot.domain.orders.access import Asker, sees_others
from entrepot.domain.stock.levels import Level
from entrepot.doors.kit import Services, TickBatcher, by_workspace
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.own_orders import OrderName, OwnOrder, order_by_id, orders_by_number
from entrepot.store.queries.stock import goods_with_levels
from entrepot.store.queries.workspaces import StorefrontName, storefronts_there

Stocked: TypeAlias = tuple[Goods, tuple[Level, ...]]

NOWHERE = UUID(int=0)
"""The public id of no storefront."""


def asker(caller: Caller) -> Asker:
    """In whose name is asked."""
    return Asker(caller.channel, caller.environment)


def storefront_id(text: str) -> UUID:
    """The public id that a text is; that of no storefront where it is none."""
    try:
        found = UUID(text)
    except ValueError:
        return NOWHERE
    return found if str(found) == text.lower() else NOWHERE


class Reads:
    """What operations look up before or instead of a command."""

    def __init__(self, services: Services) -> None:
        self.services = services
        reads = services.reads
        self._orders = TickBatcher[tuple[int, OrderName], OwnOrder](by_workspace(reads, orders_by_number))
        self._goods = TickBatcher[tuple[int, tuple[str, ...]], Mapping[str, Stocked]](
            by_workspace(reads, _stocked)
        )
        self._storefronts = TickBatcher[tuple[int, StorefrontName], bool](
            by_workspace(reads, storefronts_there)
        )

    async def order(self, caller: Caller, number: str) -> OwnOrder | None:
        """The order of a number: the account's own; after these, where it sees others, one of the platform's number."""
        name = OrderName(caller.channel, caller.environment, number)
        found = await self._orders.get((caller.workspace, name))
        if found is not None or not sees_others(caller.settings, caller.environment):
            return found
        async with self.services.reads.acquire() as connection:
            return await order_by_id(connection, caller.workspace, asker(caller), caller.settings, number)

    async def has_storefront(self, caller: Caller, uuid: UUID | None) -> bool:
        """Whether the account has this storefront, or any."""
        return bool(await self._storefronts.get((caller.workspace, StorefrontName(caller.channel, uuid))))

    async def stock(self, caller: Caller, skus: Collection[str]) -> View:
        """What these SKUs stand for, and what there is of it."""
        wanted = tuple(dict.fromkeys(skus))
        found = await self._goods.get((caller.workspace, wanted)) or {}
        view = View(caller.workspace)
        for goods, levels in (found[sku] for sku in wanted if sku in found):
            for record in (goods, *levels):
                view.load(record)
        return view


async def _stocked(
    connection: Connection, workspace: int, wanted: list[tuple[str, ...]]
) -> Mapping[tuple[str, ...], Mapping[str, Stocked]]:
    """What all these SKUs stand for, once for all who ask."""
    found = await goods_with_levels(connection, workspace, list({sku for skus in wanted for sku in skus}))
    return dict.fromkeys(wanted, found)
