"""Whatever happens to orders after the sale, in whatever order: the laws hold, and all is as the model says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from entrepot.checks import run_checks
from entrepot.domain.channels.accounts import ChannelSettings, ReturnSettings
from entrepot.domain.fulfilment.parcels import Parcel
from entrepot.domain.fulfilment.returns.move import AdvanceReturn, CancelReturn
from entrepot.domain.fulfilment.returns.open import OpenReturn, ReturnWish
from entrepot.domain.fulfilment.returns.receive import Inspection, InspectReturn
from entrepot.domain.fulfilment.returns.work import ReturnState
from entrepot.domain.fulfilment.ship import Acknowledge, ShipUnits
from entrepot.domain.fulfilment.track import TrackShipment
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.orders.cancel import CancelOrder
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.payments import RefundedLine
from entrepot.domain.orders.records import Person
from entrepot.domain.payments.refund import RefundOrder
from entrepot.domain.placing.place import Placed
from entrepot.domain.placing.record_sale import SoldLine, TakeOrder
from entrepot.domain.stock.counts import SetLevel
from entrepot.engine import Engine
from entrepot.engine.money.refund import receive_return
from entrepot.store.connections import Connection, connect
from tests.engine.after_sale_model import RANK, Model
from tests.support.interleaving import running
from tests.support.shop import AT, CHANNEL, NORTH, TEA, open_shop

LATER = AT + timedelta(days=1)
FEW = st.integers(1, 4)
ANY = st.integers(0, 1_000)
TABLES = (
    *("orders", "order_lines", "order_events", "payments", "refunds", "stock", "holds", "shipments"),
    *("shipment_lines", "shipment_events", "returns", "return_lines", "return_events", "outbox"),
)
PRINT = " || ".join(
    f"coalesce((select md5(string_agg(t::text, chr(10) order by t::text)) from \"{table}\" t where workspace = $1), '')"
    for table in TABLES
)
LINES = f"""
select o.progress, l.refunded, {", ".join(f"l.{stage}" for stage in RANK)}
from order_lines l join orders o on o.workspace = l.workspace and o.id = l."order" where l.workspace = $1 order by o.id
"""
STAGES = ("initiated", "in_transit", "received", "cancelled", "restocked", "scrapped")
BACK = f"select {', '.join(STAGES)} from return_lines where workspace = $1 order by return_id"


class Houses:
    """One server process with a database; every run gets a workspace of its own."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._numbers = count(1)
        self._engine, self._connection = self._runner.run(self._open(url))

    async def _open(self, url: str) -> tuple[Engine, Connection]:
        (engine,) = await self._stack.enter_async_context(running(url))
        return engine, await connect(url)

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def workspace(self) -> int:
        number = next(self._numbers)
        self._runner.run(self._begin(number))
        return number

    async def _begin(self, number: int) -> None:
        await open_shop(self._connection, number, f"w{number}")
        stored = msgspec.json.encode(ChannelSettings(returns=ReturnSettings("automatic"))).decode()
        await self._connection.execute(
            "update channels set settings = $2 where workspace = $1", number, stored
        )

    def run(self, workspace: int, command: Command) -> Any:
        return self._runner.run(self._engine.execute(workspace, command))

    def rows(self, query: str, workspace: int) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._runner.run(self._connection.fetch(query, workspace))]

    def check(self, workspace: int) -> None:
        assert self._runner.run(run_checks(self._connection, workspace)) == []


class AfterSale(RuleBasedStateMachine):
    """Commands of random sizes on a few orders of one SKU."""

    houses: ClassVar[Houses]

    def __init__(self) -> None:
        super().__init__()
        self.workspace = self.houses.workspace()
        self.model = Model()
        self.orders: list[int] = []
        self.returns: list[tuple[int, int]] = []
        self.parcels = count(1)

    def run(self, command: Command, *, allowed: bool) -> Any:
        """Run it, and compare what became of it with the model, which has done it already."""
        before = self.houses.rows(f"select {PRINT}", self.workspace)
        outcome = self.houses.run(self.workspace, command)
        assert isinstance(outcome, Refused) is not allowed, (command, outcome)
        if not allowed:
            assert self.houses.rows(f"select {PRINT}", self.workspace) == before
        self.compare()
        self.houses.check(self.workspace)
        return outcome

    def compare(self) -> None:
        model = self.model
        wanted = [
            (units.progress(), refunded, *(units[stage] for stage in RANK))
            for units, refunded in zip(model.orders, model.refunded, strict=True)
        ]
        assert self.houses.rows(LINES, self.workspace) == wanted
        back = [tuple(units[stage] for stage in STAGES) for _, units in model.returns]
        assert self.houses.rows(BACK, self.workspace) == back
        level = "select received + returned + adjusted - shipped - scrapped, reserved from stock where workspace = $1"
        assert self.houses.rows(level, self.workspace) in ([], [(model.on_hand, model.reserved)])

    def order(self, index: int) -> tuple[int, int]:
        place = index % len(self.orders)
        return place, self.orders[place]

    def ret(self, index: int) -> tuple[int, int, int]:
        place = index % len(self.returns)
        return place, *self.returns[place]

    @initialize(on_hand=st.integers(6, 12), quantity=st.integers(4, 6), arrived=st.integers(0, 6))
    def begin(self, on_hand: int, quantity: int, arrived: int) -> None:
        """An order, of which often something has arrived: returns are deep, and would seldom be reached by chance."""
        self.count(on_hand)
        self.take(quantity)
        if arrived:
            self.deliver(0, arrived)

    @rule(on_hand=st.integers(0, 12))
    def count(self, on_hand: int) -> None:
        self.run(SetLevel(TEA, NORTH, on_hand), allowed=self.model.count(on_hand))

    @precondition(lambda self: len(self.orders) < 2)
    @rule(quantity=st.integers(1, 6))
    def take(self, quantity: int) -> None:
        line = SoldLine("1", "TEA", quantity, 500)
        command = TakeOrder(
            channel=CHANNEL, environment="live", lines=(line,), person=Person("a@example.com")
        )
        placed = self.run(command, allowed=self.model.take(quantity))
        if isinstance(placed, Placed):
            self.orders.append(placed.order.id)

    @precondition(lambda self: self.orders)
    @rule(index=ANY, quantity=FEW)
    def cancel(self, index: int, quantity: int) -> None:
        place, order = self.order(index)
        self.run(CancelOrder(order, (Units(1, quantity),)), allowed=self.model.cancel(place, quantity))

    @precondition(lambda self: self.orders)
    @rule(index=ANY, quantity=FEW)
    def acknowledge(self, index: int, quantity: int) -> None:
        place, order = self.order(index)
        closed = not self.model.orders[place].among(*(stage for stage in RANK if stage != "cancelled"))
        command = Acknowledge(order=order, lines=(Units(1, quantity),))
        self.run(command, allowed=not closed and self.model.acknowledge(place, quantity))

    @precondition(lambda self: self.orders)
    @rule(index=ANY, quantity=FEW)
    def ship(self, index: int, quantity: int) -> None:
        place, order = self.order(index)
        parcel = Parcel(tracking=f"T{next(self.parcels)}")
        command = ShipUnits(order=order, lines=(Units(1, quantity),), parcel=parcel)
        self.run(command, allowed=self.model.ship(place, quantity))
        if not isinstance(again := self.houses.run(self.workspace, command), Refused):
            assert again.lines == ()

    @precondition(lambda self: self.orders)
    @rule(index=ANY, quantity=FEW)
    def deliver(self, index: int, quantity: int) -> None:
        place, order = self.order(index)
        command = TrackShipment(order=order, status="delivered", lines=(Units(1, quantity),))
        self.run(command, allowed=self.model.deliver(place, quantity))

    @precondition(lambda self: self.orders)
    @rule(index=ANY, quantity=FEW)
    def refund(self, index: int, quantity: int) -> None:
        place, order = self.order(index)
        command = RefundOrder(order, "by hand", LATER, LATER, (RefundedLine(1, quantity),))
        self.run(command, allowed=self.model.refund(place, quantity))

    @precondition(lambda self: self.orders)
    @rule(index=ANY, quantity=FEW)
    def open(self, index: int, quantity: int) -> None:
        place, order = self.order(index)
        command = OpenReturn(order=order, wishes=(ReturnWish(quantity, sku="TEA"),))
        opened = self.run(command, allowed=self.model.open(place, quantity))
        if isinstance(opened, ReturnState):
            self.returns.append((order, opened.ret.id))

    @precondition(lambda self: self.returns)
    @rule(index=ANY, quantity=FEW)
    def keep(self, index: int, quantity: int) -> None:
        place, order, number = self.ret(index)
        command = CancelReturn(order=order, return_id=number, lines=(Units(1, quantity),))
        self.run(command, allowed=self.model.keep(place, quantity))

    @precondition(lambda self: self.returns)
    @rule(index=ANY, quantity=FEW)
    def advance(self, index: int, quantity: int) -> None:
        place, order, number = self.ret(index)
        command = AdvanceReturn(
            order=order, return_id=number, stage="in_transit", lines=(Units(1, quantity),)
        )
        self.run(command, allowed=self.model.advance(place, quantity))

    @precondition(lambda self: self.returns)
    @rule(index=ANY, quantity=FEW)
    def receive(self, index: int, quantity: int) -> None:
        place, order, number = self.ret(index)
        command = receive_return(order, number, (Units(1, quantity),))
        self.run(command, allowed=self.model.receive(place, quantity))

    @precondition(lambda self: self.returns)
    @rule(index=ANY, restock=st.integers(0, 2), scrap=st.integers(0, 2))
    def inspect(self, index: int, restock: int, scrap: int) -> None:
        place, order, number = self.ret(index)
        command = InspectReturn(
            order=order, return_id=number, location=NORTH, inspections=(Inspection(1, restock, scrap),)
        )
        self.run(command, allowed=self.model.inspect(place, restock, scrap))


@pytest.fixture
def houses(database_url: str) -> Iterator[Houses]:
    opened = Houses(database_url)
    yield opened
    opened.close()


def test_after_the_sale_everything_is_as_the_model_says(houses: Houses) -> None:
    AfterSale.houses = houses
    # The suite has half a minute for it; `make torture` takes its time.
    examples = max(settings().max_examples // 10, 1)
    run_state_machine_as_test(
        AfterSale, settings=settings(max_examples=examples, stateful_step_count=30, deadline=None)
    )
