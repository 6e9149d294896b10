"""Administrators of webshops: the directory leads from user names to them. A log-in ends with its password."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

import msgspec

from entrepot.domain.customers.records import Administrator
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import Key, credential_key
from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.form.types import Workspace
from entrepot.worlds.plan.differences import Plan

KIND: Final = "textalk:administrator"
"""The kind under which the directory lists administrators' user names."""

_TAKEN = """
select d.hash from directory d join unnest($1::bytea[]) k(hash) on d.hash = k.hash
where d.kind = $2 and d.workspace <> $3
"""
_LIST = """
insert into directory (kind, hash, workspace, channel, environment, credential) values ($1, $2, $3, $4, 'live', $5)
on conflict (kind, hash) do update set channel = excluded.channel, credential = excluded.credential
where directory.workspace = excluded.workspace
"""
_UNLIST = "delete from directory where kind = $1 and hash = $2 and workspace = $3"


class AdministratorPlan(msgspec.Struct, frozen=True):
    """Who is to be listed and unlisted, and why it cannot be."""

    lists: list[Administrator]
    unlists: list[Administrator]
    conflicts: list[Fault]


async def plan_administrators(
    connection: Connection, workspace: int, name: str, spec: Workspace, planned: Plan
) -> AdministratorPlan:
    """What follows from the plan of their records. A user name is good for one account of the server."""
    table = planned.table(Administrator)
    pairs = cast("list[tuple[Administrator, Administrator]]", table.updates)
    lists = [*cast("list[Administrator]", table.creates), *(after for _, after in pairs)]
    unlists = [*cast("list[Administrator]", table.deletes), *(before for before, _ in pairs)]
    keys = {_key(each): each for each in lists}
    rows = await connection.fetch(_TAKEN, [digest for _, digest in keys], KIND, workspace) if keys else []
    conflicts = [
        Fault(
            pointer(("workspaces", name, *_place(spec, keys[KIND, row[0]]))),
            "the user name is another account's already",
        )
        for row in rows
    ]
    return AdministratorPlan(lists, unlists, conflicts)


async def list_administrators(connection: Connection, workspace: int, plan: AdministratorPlan) -> None:
    """Do what the plan says."""
    for each in plan.unlists:
        await connection.execute(_UNLIST, *_key(each), workspace)
    for each in plan.lists:
        await connection.execute(_LIST, *_key(each), workspace, each.channel, each.id)


def _key(administrator: Administrator) -> Key:
    return credential_key(KIND, administrator.username.strip().casefold())


def _place(spec: Workspace, administrator: Administrator) -> Iterator[str]:
    for shop, each in spec.webshops.items():
        if administrator.username in each.administrators:
            yield from ("webshops", shop, "administrators", administrator.username)
