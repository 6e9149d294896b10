"""What a server loads when somebody first needs it, one thing at a time: two threads that import can stick fast."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from starlette.responses import PlainTextResponse

from entrepot.domain.channels.accounts import HubSettings
from entrepot.domain.pricing.taxes import Destination, TaxQuery
from entrepot.doors.kit import LazyDoor
from entrepot.engine.gateways import Gateways
from entrepot.gateways.cards.stripe import StripeCards
from entrepot.gateways.events.http import HttpEventPoster, libraries
from entrepot.gateways.events.port import EventTarget
from entrepot.gateways.taxes.avatax import AvataxGateway
from entrepot.loading import loaded
from entrepot.registry import event_body

NOBODY = "http://127.0.0.1:1"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


async def _door() -> None:
    async def receive() -> Any: ...
    async def send(message: Any) -> None: ...

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    await LazyDoor(lambda: PlainTextResponse("here"))(scope, receive, send)


async def _event() -> None:
    await HttpEventPoster().post(EventTarget(f"{NOBODY}/", b"s"), {}, "1-1", NOW)


async def _body() -> None:
    assert event_body("textalk") is not None


async def _gateway() -> None:
    settings = HubSettings(gateway="http", client="c", url=NOBODY, api_key="k")
    await Gateways(cast("Any", None), lambda: NOW).hubs(1, settings)


async def _card() -> None:
    cards = StripeCards("sk_test_1", NOBODY)
    await cards.payout_ready("acct_1")
    await cards.close()


async def _tax() -> None:
    taxes = AvataxGateway("a", "k", lambda: date(2026, 3, 1), base_url=NOBODY)
    await taxes.quote(TaxQuery("c", "USD", Destination(country="US"), ()))
    taxes.close()


@contextmanager
def loading() -> Generator[None]:
    """While another thread is loading something."""
    begun, end = threading.Event(), threading.Event()
    other = threading.Thread(target=loaded, args=(lambda: (begun.set(), end.wait()),))
    other.start()
    begun.wait()
    try:
        yield
    finally:
        end.set()
        other.join()


@pytest.mark.parametrize("first_use", [_door, _event, _body, _gateway, _card, _tax])
def test_a_first_use_waits_until_nothing_else_is_loaded(
    first_use: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    def run() -> None:
        asyncio.run(first_use())

    run()  # that a library is not here yet would be a reason to wait, too
    for each in (libraries, event_body):
        each.cache_clear()
    user = threading.Thread(target=run)
    with loading():
        user.start()
        user.join(0.2)
        waited = user.is_alive()
    user.join()
    assert waited


@pytest.mark.parametrize("use", [_event, _body])
def test_what_the_loop_has_loaded_it_has(use: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """An event that is told while a door is loaded must not hold up every caller."""
    asyncio.run(use())
    user = threading.Thread(target=lambda: asyncio.run(use()))
    with loading():
        user.start()
        user.join(60)
        waits = user.is_alive()
    user.join()
    assert not waits


def test_what_is_loaded_may_load_more() -> None:
    assert loaded(lambda: loaded(lambda: 42)) == 42
