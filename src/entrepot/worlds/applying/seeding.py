"""Writing the webshops of a world: set-up takes the file's form, what lives on is only added."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from entrepot.domain.catalogue.products import Product
from entrepot.domain.customers import email_claims
from entrepot.domain.customers.records import Administrator, Customer
from entrepot.domain.kernel.records import Record
from entrepot.domain.pricing import code_names
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.pricing.gift_certificates import Certificate
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

_NAMED: Mapping[type[Record], Callable[[Any], Record]] = {
    Customer: lambda each: email_claims.claim_of(each.channel, each.email, each.id),
    Discount: lambda each: code_names.claim_of(each.channel, each.code, each.id),
    Certificate: lambda each: code_names.claim_of(each.channel, each.code, each.id),
}
"""What goes by a name that only one may have."""

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
    first += await _names(connection, workspace, first)
    changes = await _write(connection, workspace, setup, follow=True)
    changes += await _write(connection, workspace, first, follow=False)
    for record in first:
        if isinstance(record, Administrator):
            key = credential_key(ADMINISTRATOR, record.username.strip().casefold())
            await connection.execute(_LIST, *key, workspace, record.channel, record.id)
    return changes


async def _names(connection: Connection, workspace: int, records: Iterable[Record]) -> list[Record]:
    """The names that new customers and codes go by; one that is there already may have moved to another."""
    names: list[Record] = []
    for kind, own in kinds(records).items():
        if kind in _NAMED:
            stored = await _stored(connection, workspace, binding_of[kind], own)
            names += [_NAMED[kind](each) for each in own if each.key not in stored]
    return names


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
