"""Inventory: set row by row, listed, and read by location or by SKU."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, cast

import msgspec

from entrepot.domain.kernel.commands import Refused
from entrepot.domain.stock.counts import Counted, SetLevel
from entrepot.doors.datamingle import bodies, drf, schemas
from entrepot.doors.datamingle.admission import Partner
from entrepot.doors.datamingle.cursors import Place
from entrepot.doors.datamingle.identifiers import LONGEST, identifier
from entrepot.doors.datamingle.replies.goods import level
from entrepot.doors.datamingle.routes.group import Routes, checked
from entrepot.doors.kit import Answer, Reply, Request, Resource, encode
from entrepot.doors.kit.checking import check
from entrepot.engine.batches.bulk import CHUNK, run_until
from entrepot.failures import Failure, TemporaryFailure
from entrepot.failures.orders import InvalidInput
from entrepot.failures.partners import RecordUnknown
from entrepot.failures.rows import StockClosed
from entrepot.failures.stock import QuantityOutOfRange, StockUnknown
from entrepot.store.connections import Connection
from entrepot.store.queries.partners import goods as partner_goods
from entrepot.store.queries.partners.goods import FIRST_LEVEL, LevelPlace, PartnerLevel
from entrepot.store.sharing import Bill

PATIENCE: Final = 10.0
"""Seconds within which the engine must take a row."""
MOST_AT_ONCE: Final = 10_000
_BETWEEN: Final = 0.05
_NOT_TAKEN: Final = "The row could not be taken in time; send it again."

Errors = dict[str, list[str]]


class Row(msgspec.Struct, frozen=True):
    """One row of a request: its place from 1, what it said, and what is wrong with its form."""

    number: int
    location: object
    sku: object
    command: SetLevel | None
    errors: Errors


class InventoryRoutes(Routes):
    """The routes of inventory."""

    resource: ClassVar[str] = "inventory"

    def resources(self) -> list[Resource]:
        """The list and the rows of one location or SKU."""
        return [
            self.at("", POST=("set", self.set), GET=("list", self.list)),
            self.at("/{identifier}", GET=("read", self.read)),
        ]

    async def set(self, request: Request, partner: Partner) -> Answer:
        """Say how much there is, each row by itself (POST /inventory/)."""
        body = await checked(request, schemas.INVENTORY, partner)
        if isinstance(body, Failure):
            return body
        rows = [_row(number, each, partner) for number, each in enumerate(body["inventory"], 1)]
        outcomes = await self._run([each for each in rows if each.command is not None], partner)
        if closed := next((each for each in outcomes.values() if isinstance(each, StockClosed)), None):
            return closed
        return _report(rows, outcomes)

    async def list(self, request: Request, partner: Partner) -> Answer:
        """A page of what is on hand (GET /inventory/)."""
        page = await self.page(request, partner, _place(FIRST_LEVEL))
        if isinstance(page, Failure):
            return page
        place, limit = page
        async with self.services.reads.acquire(Bill(limit)) as connection:
            found = await partner_goods.list_levels(
                connection, partner.caller.workspace, _after(place), limit + 1
            )
        return await self._told(partner, found, limit)

    async def read(self, request: Request, partner: Partner) -> Answer:
        """What is at a location, or where a SKU is (GET /inventory/{identifier}/?by=location|sku)."""
        by, name = request.query.get("by") or "location", identifier(request)
        if by not in ("location", "sku"):
            return InvalidInput((drf.detail(("by",), f'"{by}" is not a valid choice.'),))
        page = await self.page(request, partner, _place(FIRST_LEVEL), f"inventory/{by}/{name}")
        if isinstance(page, Failure):
            return page
        async with self.services.reads.acquire(Bill(MOST_AT_ONCE)) as connection:
            workspace = partner.caller.workspace
            found = await _rows(connection, workspace, by, name, _after(page[0]))
        if isinstance(found, Failure):
            return found
        return await self._told(partner, found, MOST_AT_ONCE, f"inventory/{by}/{name}")

    async def _run(self, rows: Sequence[Row], partner: Partner) -> dict[int, Counted | Failure]:
        """What each row came to, by its number; a row that the engine did not take came to nothing."""
        loop, outcomes = asyncio.get_running_loop(), dict[int, Counted | Failure]()
        deadline = loop.time() + PATIENCE
        for start in range(0, len(rows), CHUNK):
            waiting = rows[start : start + CHUNK]
            while waiting and loop.time() < deadline:
                outcomes |= await self._once(waiting, partner, deadline)
                waiting = _again(waiting, outcomes)
                if waiting:
                    await asyncio.sleep(_BETWEEN)
        return outcomes

    async def _once(
        self, rows: Sequence[Row], partner: Partner, deadline: float
    ) -> dict[int, Counted | Failure]:
        """What these rows came to in time; one that is sent again says the same, so it may come to it later."""
        commands = [row.command for row in rows if row.command is not None]
        found = await run_until(self.services.engine, partner.caller.workspace, commands, deadline)
        pairs = zip(rows, found, strict=True)
        return {row.number: _outcome(each) for row, each in pairs if each is not None}

    async def _told(
        self, partner: Partner, found: Sequence[PartnerLevel], limit: int, list_name: str | None = None
    ) -> Reply:
        places = [_place((each.variant, each.location)) for each in found]
        rows = [partner.speech.element("inventory", level(each)) for each in found]
        return await self.listed(partner, rows, places, limit, list_name, own=True)


async def _rows(
    connection: Connection, workspace: int, by: str, name: str, after: LevelPlace
) -> list[PartnerLevel] | Failure:
    """The rows of a location or a product, at most one more than there may be at once."""
    fits = 0 < len(name) <= LONGEST
    if by == "location":
        place = await partner_goods.location_by(connection, workspace, name) if fits else None
        if place is None:
            return RecordUnknown("Location", name)
        return await partner_goods.levels_at(connection, workspace, place, after, MOST_AT_ONCE + 1)
    product = await partner_goods.product_by(connection, workspace, name) if fits else None
    if product is None:
        return RecordUnknown("Product", name)
    return await partner_goods.levels_of(connection, workspace, product, after, MOST_AT_ONCE + 1)


def _row(number: int, given: object, partner: Partner) -> Row:
    """A row of the request, judged by itself."""
    found = check(schemas.INVENTORY_ROW, given, drf.MANNER)
    said: Mapping[str, object] = cast("dict[str, object]", given) if type(given) is dict else {}
    location, sku = said.get("location_code"), said.get("sku_code")
    if found.value is None:
        return Row(
            number,
            location,
            sku,
            None,
            _errors(number, drf.details(found.faults, cast("object", given)), partner),
        )
    row: bodies.InventoryRow = found.value
    command = SetLevel(
        row["sku_code"], row["location_code"], row["quantity"], partner.caller.channel, whole=True
    )
    return Row(number, row["location_code"], row["sku_code"], command, {})


_COLUMNS: Final = {"location_code": "location_id", "sku_code": "product_id"}
"""The report calls codes ids, whatever the partner calls them."""


def _errors(number: int, details: Sequence[drf.Detail], partner: Partner) -> Errors:
    errors: Errors = {}
    for each in details:
        field = str(each.path[0])
        name = _COLUMNS.get(field) or _within(number, each.path, partner)
        errors.setdefault(name, []).append(each.said(name))
    return errors


def _within(number: int, path: Sequence[str | int], partner: Partner) -> str:
    """What the partner calls a field of a row, seen from the row."""
    whole = partner.speech.name(("inventory", number - 1, *path))
    return whole.removeprefix(partner.speech.name(("inventory", number - 1))).removeprefix(".")


def _again(rows: Sequence[Row], outcomes: Mapping[int, Counted | Failure]) -> list[Row]:
    """Rows that were refused for the moment, and others of the same places: the last of them is the one that counts."""
    refused = {
        (row.location, row.sku) for row in rows if isinstance(outcomes.get(row.number), TemporaryFailure)
    }
    return [row for row in rows if refused and (row.location, row.sku) in refused]


def _outcome(found: object) -> Counted | Failure:
    if isinstance(found, Refused):
        return found.failures[0]
    if not isinstance(found, Counted):
        raise TypeError(f"a count came to {type(found).__name__}")
    return found


def _report(rows: Sequence[Row], outcomes: Mapping[int, Counted | Failure]) -> Reply:
    """How many rows were made, changed and refused, and why each was."""
    done = [each for each in outcomes.values() if isinstance(each, Counted)]
    made = sum(each.made for each in done)
    wrong = [
        {"row": row.number, "location_id": row.location, "product_id": row.sku, "errors": errors}
        for row in rows
        if (errors := row.errors or _why(outcomes.get(row.number)))
    ]
    counts = {"total": len(rows), "created": made, "updated": len(done) - made, "failed": len(wrong)}
    return Reply(200, encode({"success": True, "data": {**counts, "errors": wrong}}))


def _why(outcome: Counted | Failure | None) -> Errors:
    match outcome:
        case Counted():
            return {}
        case StockUnknown(missing=missing):
            unknown = {"location": "location_id", "variant": "product_id"}
            words = {"location": "Location not found", "variant": "Product not found"}
            return {name: [words[what]] for what, name in unknown.items() if missing in (what, "both")}
        case QuantityOutOfRange():
            return {"quantity": [f"Ensure this value is less than or equal to {outcome.largest}."]}
        case _:
            return {"non_field_errors": [_NOT_TAKEN]}


def _place(at: LevelPlace) -> Place:
    return str(at[0]), str(at[1])


def _after(place: Place) -> LevelPlace:
    return int(place[0]), int(place[1])
