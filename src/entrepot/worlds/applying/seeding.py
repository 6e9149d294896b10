"""Writing the webshops of a world: set-up takes the file's form, what lives on is only added."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from entrepot.domain.catalogue.products import Product
from entrepot.domain.customers.email_claims import claim_of
from entrepot.domain.customers.records import Administrator, Customer
from entrepot.domain.kernel.records import Record
from entrepot.store.batches.binding import Binding, json_text
from entrepot.store.batches.bindings import BINDINGS, REFERENCES, ROWS
from entrepot.store.batches.finds import binding_of, known_by
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import credential_key
from entrepot.worlds.form.secrets import Environment
from entrepot.worlds.form.types import Workspace
from entrepot.worlds.plan.records import ChannelRow, product_uuid
from entrepot.worlds.plan.report import Change
from entrepot.worlds.plan.shop_records import catalogue_records, first_records, kinds, setup_records

ADMINISTRATOR = "textalk:administrator"
"""The kind under which the directory lists administrators' user names."""

_LIST = """
insert into directory (kind, hash, workspace, channel, environment, credential) values ($1, $2, $3, $4, 'live', $5)
on conflict (kind, hash) do update set channel = excluded.channel, credential = excluded.credential
where directory.workspace = excluded.workspace
"""

Ids = Mapping[tuple[type[Record], Hashable], int]


async def seed_webshops(
    connection: Connection, workspace: int, name: str, spec: Workspace, ids: Ids, secrets: Environment
) -> list[Change]:
    """Write the workspace's choices, groups and webshops; the changes in words."""

    def product_id(product: str) -> int:
        return ids[Product, product_uuid(name, product)]

    setup = list(catalogue_records(spec, product_id))
    first: list[Record] = []
    for channel, shop in spec.webshops.items():
        number = ids[ChannelRow, ("textalk", channel)]
        zone = ZoneInfo(spec.channels[channel].settings.get("shop", {}).get("time_zone", "UTC"))
        setup += setup_records(shop, number)
        first += first_records(name, shop, number, secrets, ("workspaces", name, "webshops", channel), zone)
    first += await _addresses(connection, workspace, [each for each in first if isinstance(each, Customer)])
    changes = await _write(connection, workspace, setup, follow=True)
    changes += await _write(connection, workspace, first, follow=False)
    for record in first:
        if isinstance(record, Administrator):
            key = credential_key(ADMINISTRATOR, record.username.strip().casefold())
            await connection.execute(_LIST, *key, workspace, record.channel, record.id)
    return changes


async def _addresses(connection: Connection, workspace: int, people: list[Customer]) -> list[Record]:
    """The addresses that new customers go by; one who is there already may have moved to another."""
    stored = await _stored(connection, workspace, binding_of[Customer], people) if people else {}
    return [claim_of(each.channel, each.email, each.id) for each in people if each.key not in stored]


async def _write(
    connection: Connection, workspace: int, records: Iterable[Record], *, follow: bool
) -> list[Change]:
    wanted, changes = kinds(records), list[Change]()
    for binding in (*ROWS, *BINDINGS, REFERENCES):
        own = wanted.get(binding.kind)
        if not own:
            continue
        stored = await _stored(connection, workspace, binding, own)
        new = [record for record in own if record.key not in stored]
        changed = [
            record for record in own if follow and record.key in stored and stored[record.key] != record
        ]
        if new:
            await connection.execute(binding.insert, workspace, binding.rows(new))
        if changed:
            await connection.execute(binding.put, workspace, binding.rows(changed))
        changes += [Change("create", _kind(record), _name(record)) for record in new]
        changes += [Change("update", _kind(record), _name(record)) for record in changed]
    return changes


async def _stored(
    connection: Connection, workspace: int, binding: Binding, records: Sequence[Record]
) -> dict[Hashable, Record]:
    find = known_by(binding.kind)
    text = await connection.fetchval(
        find.query("$2::json", lock=True), workspace, json_text([record.key for record in records])
    )
    return {record.key: record for record in find.decode(text or "[]")}


def _kind(record: Record) -> str:
    """The record's class in words."""
    return "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in type(record).__name__).strip()


def _name(record: Record) -> str:
    key: Any = record.key
    return " ".join(str(part) for part in key) if isinstance(key, tuple) else str(key)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
