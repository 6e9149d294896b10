"""Every door in this process, over connections that tell what they are asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from entrepot.doors.kit import DoorSwitch, services_of
from entrepot.engine import Clock
from entrepot.engine.worker import Worker
from entrepot.registry import doors
from entrepot.store import primary
from entrepot.store.connections import Connection, connect
from tests.conformance.harness import Client
from tests.doors.kit.serving import Seen, serve


@asynccontextmanager
async def every_door(
    database_url: str, patch: pytest.MonkeyPatch, driver: object
) -> AsyncGenerator[tuple[Connection, Client, str]]:
    """A plain connection, a client, and where the doors answer; theirs are made by `driver` in asyncpg's place."""
    plain = await connect(database_url)
    patch.setattr(primary, "_asyncpg", driver)
    worker = Worker(database_url, Clock())
    await worker.start()
    everything = doors(services_of(worker, Seen()))
    try:
        async with serve(DoorSwitch(everything, {}, everything["bonsai"], observe=Seen())) as address:
            client = Client(address.url, lambda _request, _reply: None)
            try:
                yield plain, client, address.url
            finally:
                await client.close()
    finally:
        await worker.stop()
        await plain.close()
