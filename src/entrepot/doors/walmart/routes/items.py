"""Items and the warehouse's stock (decision walmart items)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from msgspec import UNSET

from entrepot.domain.catalogue.changes import PriceChange, ProductChanges, VariantChanges
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.kernel.money import read_amount
from entrepot.domain.stock.counts import Count
from entrepot.domain.stock.save_goods import SaveGoods
from entrepot.doors.kit import Answer, Reply, Request, Resource, encode
from entrepot.doors.walmart import bodies, schemas
from entrepot.doors.walmart.answers import attributes, checked, decoded, envelope
from entrepot.doors.walmart.errors import WireError
from entrepot.doors.walmart.failures import refusal
from entrepot.doors.walmart.queries import LARGEST_OFFSET, Query
from entrepot.doors.walmart.replies.items import KEPT, item, legacy_inventory, wfs_inventory
from entrepot.doors.walmart.routes.group import Routes
from entrepot.doors.walmart.voices import INVENTORY, ITEMS
from entrepot.failures import Failure
from entrepot.failures.orders import InvalidInput
from entrepot.failures.rows import CatalogueClosed, StockClosed
from entrepot.failures.stock import QuantityOutOfRange
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.stock import GoodsRow, GoodsSearch, search_goods
from entrepot.store.sharing import Bill

MOST_LISTED: Final = 300
_ITEM: Final = "items[{}]"


class ItemRoutes(Routes):
    """The operations on items and stock."""

    def resources(self) -> list[Resource]:
        """Items are made and listed, stock is read in two ways."""
        items = {
            "POST": self.guarded("item-create", ITEMS, self.create),
            "GET": self.guarded("item-list", ITEMS, self.list),
        }
        return [
            Resource("/v3/fulfillment/mcs/item", items),
            Resource("/v3/wfs/inventory", {"GET": self.guarded("inventory", INVENTORY, self.inventory)}),
            Resource(
                "/v3/fulfillment/inventory", {"GET": self.guarded("inventory-legacy", INVENTORY, self.legacy)}
            ),
        ]

    async def create(self, request: Request, caller: Caller) -> Answer:
        """Make items, or change them; each by itself, and the first that is refused ends it."""
        value = decoded(request)
        if isinstance(value, Failure):
            return value
        body = checked(value, schemas.ITEMS, ITEMS)
        if isinstance(body, Failure):
            return body
        items = body["payload"]["items"]
        if wrong := _senseless(items, caller.settings.currency):
            return InvalidInput(wrong)
        for index, each in enumerate(items):
            outcome = await self.services.engine.execute(caller.workspace, _save(each, caller))
            if isinstance(outcome, Refused):
                return refusal(ITEMS, outcome.failures, lambda failure, at=index: _where(failure, at))
        return Reply(202, encode({"response": "Item Created successfully"}))

    async def list(self, request: Request, caller: Caller) -> Answer:
        """The items, by SKU."""
        query = Query(request, ITEMS)
        found = await self._found(query, caller)
        if isinstance(found, Failure):
            return found
        rows, total, _ = found
        header = attributes(request, pageCount=len(rows), totalCount=total)
        shown = [item(row, caller.settings.currency) for row in rows]
        return envelope("OK", header, {"items": shown}, errors=[])

    async def inventory(self, request: Request, caller: Caller) -> Answer:
        """What is in the warehouse, by SKU or GTIN."""
        query = Query(request, INVENTORY)
        gtin = query.text("gtin")
        found = await self._found(query, caller, {"gtin": gtin} if gtin else None)
        return found if isinstance(found, Failure) else _page(found, wfs_inventory)

    async def legacy(self, request: Request, caller: Caller) -> Answer:
        """The same in the form that it had before."""
        query = Query(request, INVENTORY)
        if query.text("shipNodeType") == "multichannel" and query.text("sku") is None:
            query.refuse("sku", "`sku` must not be null")
        found = await self._found(query, caller)
        return found if isinstance(found, Failure) else _page(found, legacy_inventory)

    async def _found(
        self, query: Query, caller: Caller, data: dict[str, str] | None = None
    ) -> tuple[list[GoodsRow], int, tuple[int, int]] | InvalidInput:
        search = GoodsSearch(
            query.text("sku"),
            data,
            query.moment("fromModifiedDate"),
            query.moment("toModifiedDate", until=True),
        )
        limit = query.number("limit", 10, 1, MOST_LISTED)
        offset = query.number("offset", 0, 0, LARGEST_OFFSET)
        if query.faults is not None:
            return query.faults
        async with self.services.reads.acquire(Bill(limit)) as connection:
            rows, total = await search_goods(
                connection, caller.workspace, search, caller.settings.currency, limit=limit, offset=offset
            )
        return rows, total, (limit, offset)


def _page(found: tuple[list[GoodsRow], int, tuple[int, int]], show: Any) -> Reply:
    rows, total, (limit, offset) = found
    told = {"totalCount": total, "limit": limit, "offset": offset}
    return Reply(200, encode({"headers": told, "payload": {"inventory": [show(row) for row in rows]}}))


def _save(each: bodies.Item, caller: Caller) -> SaveGoods:
    price, currency, units = each.get("itemPrice"), caller.settings.currency, each.get("availableToSellUnits")
    own = {name: value for name, value in each.items() if name in KEPT}
    return SaveGoods(
        channel=caller.channel,
        product=ProductChanges(name=each.get("productName", UNSET)),
        variant=VariantChanges(sku=each["sku"], data=own),
        prices={} if price is None else {currency: PriceChange(read_amount(price, currency))},
        count=None if units is None else Count(Decimal(units), "available"),
    )


def _senseless(items: list[bodies.Item], currency: str) -> tuple[WireError, ...]:
    """What a shape cannot say: prices that the currency cannot hold, and one SKU twice."""
    wrong: list[WireError] = []
    seen: set[str] = set()
    for index, each in enumerate(items):
        price, place = each.get("itemPrice"), _ITEM.format(index)
        if price is not None and read_amount(price, currency) is None:
            wrong.append(
                ITEMS.error(f"`{place}.itemPrice` must be an amount in {currency}", f"{place}.itemPrice")
            )
        if each["sku"] in seen:
            wrong.append(ITEMS.error(f"`{place}.sku` must not be that of another item", f"{place}.sku"))
        seen.add(each["sku"])
    return tuple(wrong)


def _where(failure: Failure, index: int) -> str | None:
    if isinstance(failure, CatalogueClosed | StockClosed):
        return None
    place = _ITEM.format(index)
    return f"{place}.availableToSellUnits" if isinstance(failure, QuantityOutOfRange) else f"{place}.sku"
