"""Bulk rows and the ten seconds within which the engine must take them, by a clock that is put forward."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from entrepot.domain.kernel.commands import Refused
from entrepot.domain.stock.counts import Counted, SetLevel
from entrepot.domain.stock.levels import Level
from entrepot.doors.datamingle.admission import Partner
from entrepot.doors.datamingle.routes.inventory import PATIENCE, InventoryRoutes
from entrepot.doors.datamingle.settings import DatamingleSettings
from entrepot.doors.kit import Reply, Request
from entrepot.engine.batches.bulk import CHUNK
from entrepot.failures import Overloaded
from tests.integration_log.exchanging import caller
from tests.support.waiting import out_of_time

NOT_TAKEN = {"non_field_errors": ["The row could not be taken in time; send it again."]}


class Engine:
    """Takes every row but those of the SKU `never`, and those of `later` only when they come again."""

    def __init__(self) -> None:
        self.seen: list[SetLevel] = []
        self.at: dict[str, Any] = {}

    async def execute(self, workspace: int, command: SetLevel) -> Counted | Refused:
        assert workspace == 7
        self.seen.append(command)
        sku = str(command.goods)
        if sku == "never":
            await asyncio.Event().wait()
        if sku == "later" and len(self.seen) <= CHUNK and command.quantity == 1:
            return Refused((Overloaded(1),))
        made = sku not in self.at
        self.at[sku] = command.quantity
        return Counted(Level(1, 1, 1), made)


@pytest.fixture
def engine() -> Engine:
    return Engine()


async def bulk(engine: Engine, rows: list[tuple[str, int]]) -> dict[str, Any]:
    routes = InventoryRoutes(
        cast("Any", SimpleNamespace(engine=engine)), cast("Any", None), cast("Any", None)
    )
    body = [{"location_code": "main", "sku_code": sku, "quantity": count} for sku, count in rows]
    request = Request({"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]})
    request.body = json.dumps({"inventory": body}).encode()
    reply = await routes.set(request, Partner(caller(), DatamingleSettings(pass_through=True)))
    assert isinstance(reply, Reply)
    assert reply.status == 200
    return json.loads(reply.body)["data"]


async def test_rows_that_the_engine_does_not_take_in_time_are_told_and_the_others_count(
    engine: Engine,
) -> None:
    rows = [("a", 1), ("never", 2), ("b", 3)]
    told = await out_of_time(bulk(engine, rows), lambda: len(engine.seen) == 3)
    assert PATIENCE == 10.0
    assert (told["total"], told["created"], told["updated"], told["failed"]) == (3, 2, 0, 1)
    assert told["errors"] == [{"row": 2, "location_id": "main", "product_id": "never", "errors": NOT_TAKEN}]


async def test_once_the_time_is_over_no_further_row_is_tried(engine: Engine) -> None:
    rows = [("never", 1), *((f"s{no}", 1) for no in range(CHUNK))]
    told = await out_of_time(bulk(engine, rows), lambda: len(engine.seen) == CHUNK)
    assert len(engine.seen) == CHUNK
    assert (told["created"], told["failed"]) == (CHUNK - 1, 2)
    assert [each["row"] for each in told["errors"]] == [1, CHUNK + 1]
    assert all(each["errors"] == NOT_TAKEN for each in told["errors"])


async def test_rows_that_were_refused_for_the_moment_are_tried_again_and_the_last_one_counts(
    engine: Engine,
) -> None:
    rows = [("later", 1), ("later", 2), *((f"s{no}", 1) for no in range(CHUNK - 2))]
    told = await bulk(engine, rows)
    assert (told["failed"], told["errors"]) == (0, [])
    assert engine.at["later"] == 2
    assert [each.quantity for each in engine.seen[CHUNK:]] == [1, 2]
