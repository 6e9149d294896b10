"""Administrators of webshops: the directory leads from user names to them. A log-in ends with its password."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import msgspec

from entrepot.domain.customers.records import Administrator
from entrepot.registry import manifests
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import Key, credential_key
from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.form.types import Workspace
from entrepot.worlds.plan.differences import Plan
from entrepot.worlds.plan.records import ChannelRow
from entrepot.worlds.plan.stored import Stored

_TAKEN = """
select d.kind, d.hash from directory d join unnest($1::bytea[], $2::text[]) k(hash, kind) on d.hash = k.hash
where d.kind = k.kind and d.workspace <> $3
"""
_LIST = """
insert into directory (kind, hash, workspace, channel, environment, credential) values ($1, $2, $3, $4, 'live', $5)
on conflict (kind, hash) do update set channel = excluded.channel, credential = excluded.credential
where directory.workspace = excluded.workspace
"""
_UNLIST = "delete from directory where kind = $1 and hash = $2 and workspace = $3"


Listed = tuple[Key, Administrator]


class AdministratorPlan(msgspec.Struct, frozen=True):
    """Who is to be listed and unlisted, each with the key of the directory, and why it cannot be."""

    lists: list[Listed]
    unlists: list[Listed]
    conflicts: list[Fault]


async def plan_administrators(
    connection: Connection, workspace: int, name: str, spec: Workspace, stored: Stored, planned: Plan
) -> AdministratorPlan:
    """What follows from the plan of their records. A user name is good for one account of the server."""
    table = planned.table(Administrator)
    pairs = cast("list[tuple[Administrator, Administrator]]", table.updates)
    kinds = _kinds(stored, planned)
    lists = _keyed(kinds, [*cast("list[Administrator]", table.creates), *(after for _, after in pairs)])
    unlists = _keyed(kinds, [*cast("list[Administrator]", table.deletes), *(before for before, _ in pairs)])
    keys = dict(lists)
    rows = (
        await connection.fetch(_TAKEN, [h for _, h in keys], [kind for kind, _ in keys], workspace)
        if keys
        else []
    )
    conflicts = [
        Fault(
            pointer(("workspaces", name, *_place(spec, keys[row[0], row[1]]))),
            "the user name is another account's already",
        )
        for row in rows
    ]
    return AdministratorPlan(lists, unlists, conflicts)


async def list_administrators(connection: Connection, workspace: int, plan: AdministratorPlan) -> None:
    """Do what the plan says."""
    for key, _ in plan.unlists:
        await connection.execute(_UNLIST, *key, workspace)
    for key, each in plan.lists:
        await connection.execute(_LIST, *key, workspace, each.channel, each.id)


def _kinds(stored: Stored, planned: Plan) -> dict[int, str]:
    """By account, the kind under which the directory lists the user names of its door."""
    rows = [*stored.records[ChannelRow].values(), *planned.table(ChannelRow).creates]
    channels = cast("list[ChannelRow]", rows)
    kept = {each.id: manifests()[each.door].webshop for each in channels if each.door in manifests()}
    return {number: shop.administrators for number, shop in kept.items() if shop is not None}


def _keyed(kinds: Mapping[int, str], administrators: Iterable[Administrator]) -> list[Listed]:
    """Files have administrators of one shop alone; whoever runs all shops is none of theirs."""
    return [
        (credential_key(kinds[each.channel], each.username.strip().casefold()), each)
        for each in administrators
        if each.channel is not None
    ]


def _place(spec: Workspace, administrator: Administrator) -> Iterator[str]:
    for shop, each in spec.webshops.items():
        if administrator.username in each.administrators:
            yield from ("webshops", shop, "administrators", administrator.username)
