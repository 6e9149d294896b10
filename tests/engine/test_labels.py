"""Labels of returns: asked for by the outbox, noted once made, voided once nothing comes back; a return needs none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from entrepot.checks import run_checks
from entrepot.domain.channels.accounts import ChannelSettings, LabelSettings, ReturnAddress
from entrepot.domain.fulfilment.records import ReturnLabel
from entrepot.domain.fulfilment.returns.label import NoteLabel
from entrepot.domain.fulfilment.returns.move import CancelReturn
from entrepot.domain.fulfilment.returns.open import OpenReturn
from entrepot.domain.fulfilment.returns.work import ReturnState
from entrepot.domain.fulfilment.track import Tracked, TrackShipment
from entrepot.domain.kernel.commands import Command
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.domain.stock.levels import Hold
from entrepot.engine import Clock
from entrepot.engine.clock import real_now
from entrepot.engine.worker import Wiring, Worker
from entrepot.gateways.labels.simulated import label_path, tracking_number
from entrepot.store.connections import Connection, connect
from entrepot.store.queries.returns import show_return
from tests.support.raw_server import http_reply, raw_server
from tests.support.shop import (
    AT,
    CHANNEL,
    NORTH,
    TEA,
    WORKSPACE,
    insert,
    level,
    line,
    open_shop,
    order_records,
)
from tests.support.waiting import eventually

KEY, OTHER = "0123456789abcdef" * 2, 6
SIMULATED = LabelSettings("simulated", carrier="Post", return_to=ReturnAddress("Returns", country="CA"))
NONE = LabelSettings()


class Shop:
    """A shop of which an order of three units was delivered, and the parts of two worker processes."""

    def __init__(self, url: str, connection: Connection) -> None:
        self.connection = connection
        self.workers = [Worker(url, Clock(), Wiring(private=True)) for _ in range(2)]

    async def labels(self, settings: LabelSettings, channel: int = CHANNEL) -> None:
        """From now on this is the channel's label service."""
        stored = msgspec.json.encode(ChannelSettings(sees="workspace", labels=settings)).decode()
        await self.connection.execute(
            "update channels set settings = $1::jsonb where id = $2", stored, channel
        )

    async def run(self, command: Command) -> ReturnState:
        state = await self.workers[0].engine.execute(WORKSPACE, command)
        assert isinstance(state, ReturnState), state
        return state

    async def open(self, asks: Asker | None = None) -> ReturnState:
        return await self.run(OpenReturn(order=7, asks=asks))

    async def label(self, number: int) -> ReturnLabel | None:
        found = await show_return(self.connection, WORKSPACE, number)
        assert found is not None
        return found.ret.label

    async def labelled(self, number: int) -> ReturnLabel:
        """The return's label, once it is there."""
        return await eventually(lambda: self.label(number))

    async def quiet(self) -> None:
        """Wait until no message waits."""
        waiting = "select not exists (select 1 from outbox where state = 'waiting')"
        await eventually(lambda: self.connection.fetchval(waiting))

    async def states(self) -> list[str]:
        return [row[0] for row in await self.connection.fetch("select state from labels order by made_at")]

    async def again(self) -> None:
        """What failed is due at once."""
        await self.connection.execute("update outbox set due_at = $1 where state = 'waiting'", real_now())


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    connection = await connect(database_url)
    await open_shop(connection)
    await connection.execute(
        "insert into channels (workspace, id, uuid, door, name, settings) "
        "select workspace, $1, gen_random_uuid(), 'bonsai', 'other', settings from channels",
        OTHER,
    )
    records = order_records(7, [line(7, 1, TEA, 3)], holds=[Hold(7, 1, NORTH, TEA, 3)])
    await insert(connection, WORKSPACE, [*records, level(TEA, NORTH, 9, 3)])
    shop = Shop(database_url, connection)
    await shop.labels(SIMULATED)
    await shop.labels(NONE, OTHER)
    for worker in shop.workers:
        await worker.start()
    tracked = await shop.workers[0].engine.execute(WORKSPACE, TrackShipment(order=7, status="delivered"))
    assert isinstance(tracked, Tracked)
    yield shop
    for worker in shop.workers:
        await worker.stop()
    await connection.execute("delete from outbox")  # what is left for the operator is no breach of a law
    assert await run_checks(connection) == []
    await connection.close()


async def test_a_return_gets_its_label_once_and_its_history_tells(shop: Shop) -> None:
    opened = await shop.open()
    assert opened.ret.label is None
    key = opened.ret.label_key
    assert key is not None
    label = await shop.labelled(opened.ret.id)
    assert label == ReturnLabel("Post", tracking_number(WORKSPACE, key.hex), label_path(WORKSPACE, key.hex))
    await shop.quiet()
    found = await show_return(shop.connection, WORKSPACE, opened.ret.id)
    assert found is not None
    assert [each.kind for each in found.events] == ["opened", "labelled"]
    note = NoteLabel(order=7, return_id=opened.ret.id, label=label)
    assert (await shop.run(note)).ret.events == 2
    assert await shop.states() == ["open"]


async def test_the_service_is_the_opening_channels_and_for_the_operator_the_placing_ones(shop: Shop) -> None:
    await shop.labels(NONE)
    await shop.labels(SIMULATED, OTHER)
    assert (await shop.open()).ret.label_key is None
    cancelled = await shop.run(CancelReturn(order=7, return_id=await first_return(shop)))
    assert cancelled.lines[0].cancelled == 3
    opened = await shop.open(Asker(OTHER, "live"))
    assert (await shop.labelled(opened.ret.id)).carrier == "Post"


async def first_return(shop: Shop) -> int:
    return await shop.connection.fetchval("select min(id) from returns")


async def test_a_service_that_is_down_fails_no_return_and_is_asked_again(shop: Shop) -> None:
    made = {"trackingNumber": "RR1", "labelUrl": "https://l.example/1.pdf"}
    async with raw_server(http_reply(b"", "503 Down")) as server:
        server.then = http_reply(made)
        await shop.labels(LabelSettings("http", url=server.url, api_key="k", allow_private=True))
        opened = await shop.open()
        await eventually(lambda: shop.connection.fetchval("select true from outbox where error <> ''"))
        assert await shop.label(opened.ret.id) is None
        await shop.again()
        assert await shop.labelled(opened.ret.id) == ReturnLabel("", "RR1", "https://l.example/1.pdf")
        await shop.quiet()
    assert {request.headers["idempotency-key"] for request in server.requests} == {
        opened.ret.label_key.hex if opened.ret.label_key else ""
    }


async def test_a_return_that_is_cancelled_has_its_label_voided(shop: Shop) -> None:
    opened = await shop.open()
    await shop.labelled(opened.ret.id)
    some = (Units(1, 1),)
    await shop.run(CancelReturn(order=7, return_id=opened.ret.id, lines=some))
    assert await shop.label(opened.ret.id) is not None, "two units still come back"
    await shop.run(CancelReturn(order=7, return_id=opened.ret.id))
    await shop.quiet()
    assert (await shop.label(opened.ret.id), await shop.states()) == (None, ["void"])


async def test_a_label_that_is_made_while_its_return_is_cancelled_ends_void(shop: Shop) -> None:
    for worker in shop.workers:
        await worker.outbox.stop()
    opened = await shop.open()
    await shop.run(CancelReturn(order=7, return_id=opened.ret.id))
    label = ReturnLabel("Post", "1", "/labels/1.pdf")
    state = await shop.run(NoteLabel(order=7, return_id=opened.ret.id, label=label))
    assert state.ret.label is None
    await shop.workers[1].outbox.start()
    await shop.quiet()
    assert await shop.states() == ["void"]
    assert await shop.connection.fetchval("select count(*) from outbox where state = 'parked'") == 0


async def test_the_label_of_an_attempt_is_voided_by_its_key(shop: Shop) -> None:
    payload = {"key": KEY, "channel": CHANNEL, "environment": "live"}
    await insert(shop.connection, WORKSPACE, [Delivery(8, "label-void:99", 1, payload, AT)])
    await shop.quiet()
    assert await shop.states() == ["void"]


@pytest.mark.parametrize("listener", ["label-void:99", "return-label:{}"])
async def test_an_account_without_a_service_keeps_the_message_for_the_operator(
    shop: Shop, listener: str
) -> None:
    await shop.labels(NONE)
    opened = await shop.open()
    payload: dict[str, Any] = {"key": KEY, "channel": CHANNEL, "environment": "live"}
    await insert(shop.connection, WORKSPACE, [Delivery(7, listener.format(opened.ret.id), 1, payload, AT)])
    error = await eventually(lambda: shop.connection.fetchval("select error from outbox where tries > 0"))
    assert error == "the account has no label service any more"


async def test_outside_a_sandbox_no_simulator_makes_a_label(shop: Shop) -> None:
    """However the setting came there: no carrier would take it. The return exists all the same."""
    await shop.connection.execute("update workspaces set sandbox = false")
    opened = await shop.open()
    told = "select error from outbox where state = 'waiting' and error <> ''"
    assert "settings.labels" in await eventually(lambda: shop.connection.fetchval(told))
    assert await shop.label(opened.ret.id) is None
    assert await shop.states() == []
