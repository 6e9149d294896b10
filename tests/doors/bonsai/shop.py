"""The door on a real socket over a real database, with a world small enough to reckon with by hand."""

import base64
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs

from entrepot.domain.catalogue.products import product_uuid
from entrepot.domain.kernel.ids import cuid
from entrepot.domain.kernel.records import Record
from entrepot.doors.bonsai.app import Bonsai
from entrepot.doors.bonsai.openapi import API
from entrepot.doors.bonsai.openapi.routes import ROUTES
from entrepot.doors.kit import Services, services_of
from entrepot.engine import Clock
from entrepot.engine.worker import Worker
from entrepot.store.batches.bindings import BINDINGS
from entrepot.store.connections import Connection, connect
from entrepot.worlds import World, apply_world, load_world
from tests.doors.kit.serving import Seen, serve

NOW = datetime(2026, 1, 1, tzinfo=UTC)

WORLD = (Path(__file__).parent / "world.toml").read_text("utf-8")

US = {
    "first_name": "Ann",
    "last_name": "Lee",
    "address1": "1 Main Street",
    "city": "New York",
    "country": "US",
    "province": "NY",
    "zip": "10001",
}
ONTARIO = {**US, "city": "Toronto", "country": "CA", "province": "ON", "zip": "M4B 1B3"}


def public_id(product: str, workspace: str = "north") -> str:
    """The product's public id in the world above."""
    return cuid(product_uuid(workspace, product))


def line(product: str, variant: int, quantity: int = 1) -> dict[str, Any]:
    """A line of checkout and V1 submit."""
    return {"public_id": public_id(product), "variant_id": str(variant), "quantity": quantity}


def item(product: str, variant: int, quantity: int = 1) -> dict[str, Any]:
    """A line of carts and of reads."""
    return {"id": public_id(product), "variantId": str(variant), "quantity": quantity}


@dataclass
class Shop:
    """The served door. Every reply is held against the API description."""

    client: httpx.AsyncClient
    services: Services
    connection: Connection
    clock: Clock

    async def call(
        self, method: str, path: str, key: str = "own-live", *, template: str | None = None, **options: Any
    ) -> httpx.Response:
        headers = {**credential(key), **options.pop("headers", {})}
        reply = await self.client.request(method, path, headers=headers, **options)
        _described(method, template or _template(method, path), reply)
        return reply

    async def data(self, method: str, path: str, key: str = "own-live", **options: Any) -> Any:
        """The data of a success."""
        reply = await self.call(method, path, key, **options)
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]

    async def order(self, *lines: dict[str, Any], key: str = "own-live", **more: Any) -> dict[str, Any]:
        """A V1 submit that is accepted."""
        body = submission(*lines, token=f"token-{next(_tokens)}") | more
        return await self.data("POST", "/orders/V1/submit", key, json=body)

    async def insert(self, records: Sequence[Record], workspace: str = "north") -> None:
        """Write records as they are, past every rule."""
        number = await self.workspace(workspace)
        for binding in BINDINGS:
            own = [record for record in records if type(record) is binding.kind]
            if own:
                await self.connection.execute(binding.put, number, binding.rows(own))

    async def workspace(self, name: str = "north") -> int:
        return await self.connection.fetchval("select id from workspaces where name = $1", name)

    async def execute(self, query: str, *values: Any) -> None:
        await self.connection.execute(query, *values)

    async def rows(self, table: str) -> int:
        return await self.connection.fetchval(f'select count(*) from "{table}"')


_tokens = count(1)


def submission(*lines: dict[str, Any], token: str = "t") -> dict[str, Any]:
    return {
        "customer": {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"},
        "products": list(lines),
        "shipping_address": US,
        "payment": {
            "method": "external payment",
            "token": token,
            "amounts": {"shipping": 1, "taxes": 1, "goods": 1},
        },
    }


@asynccontextmanager
async def open_shop(database_url: str) -> AsyncGenerator[Shop]:
    worker = Worker(database_url, Clock())
    services = services_of(worker, Seen())
    connection = await connect(database_url)
    await worker.start()
    try:
        world = load_world(WORLD)
        assert isinstance(world, World), world
        report = await apply_world(connection, world, now=NOW)
        assert not report.conflicts
        async with (
            serve(Bonsai(services).app()) as address,
            httpx.AsyncClient(base_url=address.url, trust_env=False, verify=False, timeout=60) as client,
        ):
            yield Shop(client, services, connection, worker.clock)
    finally:
        await worker.stop()
        await connection.close()


def credential(key: str) -> dict[str, str]:
    if key.endswith("-private"):
        return {"Authorization": "Basic " + base64.b64encode(key.encode()).decode()}
    return {"API-Key": key} if key else {}


def _template(method: str, path: str) -> str | None:
    """The described route of a path whose one placeholder stands for one segment."""
    wanted = path.partition("?")[0].rstrip("/").lower().split("/")
    for route in sorted(ROUTES, key=lambda route: "{" in route.path):
        parts = route.path.rstrip("/").lower().split("/")
        fits = len(parts) == len(wanted) and all(p in ("{id}", w) for p, w in zip(parts, wanted, strict=True))
        if route.method == method and fits:
            return route.path
    return None


def _described(method: str, template: str | None, reply: httpx.Response) -> None:
    if template is not None:
        schema = API.reply_schema(method, template, reply.status_code)
        jsonschema_rs.Draft202012Validator(schema).validate(reply.json())
        if reply.status_code != 200:
            assert reply.json()["errors"][0]["status"] == reply.status_code
