"""Applying a world: one transaction per workspace, which makes its tables what the file says, or changes nothing.

The workspace's row is locked first, so that a workspace is applied once at a time; stock levels are locked before the
counter, as everywhere. A plan is made on a plain read, what it touches is locked, and it is made again on that.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast

import asyncpg
import msgspec

from entrepot.domain.catalogue.products import Product, Variant
from entrepot.domain.channels.accounts import ChannelSettings, WorkspaceSettings
from entrepot.domain.kernel.ids import derived_uuid
from entrepot.domain.kernel.records import Record
from entrepot.store.connections import Connection
from entrepot.store.credentials.directory import credential_key
from entrepot.store.upkeep.distribution import BY_NODES
from entrepot.worlds.applying.listeners import follow_listeners
from entrepot.worlds.applying.locks import Locks
from entrepot.worlds.applying.mappings import seed_mappings
from entrepot.worlds.applying.recorded import record
from entrepot.worlds.applying.simulators import seed_bank, seed_hub, seed_partner, seed_register
from entrepot.worlds.applying.writing import analyse, write_plan
from entrepot.worlds.form.checks import warnings_of
from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.form.secrets import Environment
from entrepot.worlds.form.settings import channel_settings
from entrepot.worlds.form.types import Workspace, World
from entrepot.worlds.plan.administrators import list_administrators, plan_administrators
from entrepot.worlds.plan.describe import describe, differences
from entrepot.worlds.plan.differences import FIRST_ID, Plan, TargetState, free_from, plan
from entrepot.worlds.plan.keys import KeyPlan, WantedKey, make_keys, plan_keys, revoke_keys, wanted_keys
from entrepot.worlds.plan.numbers import NumberPlan, list_carriers, list_numbers, numbers_of, plan_numbers
from entrepot.worlds.plan.records import ChannelRow
from entrepot.worlds.plan.report import Change, PublicNumber, Report, WorkspaceReport
from entrepot.worlds.plan.shop_settings import with_vat
from entrepot.worlds.plan.stored import Ordered, Stored, read_names, read_ordered, read_stored

TRIES = 3
WORKSPACE_BITS = 52

_CLAIM = """
insert into directory (kind, hash, workspace, environment) values ($1, $2, $3, 'live')
on conflict do nothing returning workspace
"""
_FIND = "select workspace from directory where kind = $1 and hash = $2"
_OPEN = """
insert into workspaces (id, uuid, name, sandbox, settings, created_at) values ($1, $2, $3, $4, $5, $6)
"""
_COUNTER = "insert into counters (workspace, next) values ($1, $2)"
_LOCK = "select sandbox, settings from workspaces where id = $1 for no key update"
_SETTINGS = "update workspaces set settings = $2 where id = $1"
_MAKE_ROOM = "update counters set next = $2 where workspace = $1 and next < $2"
_COUNT = "update counters set next = next + $2 where workspace = $1 returning next - $2"

_encode = msgspec.json.encode
_decode_settings = msgspec.json.Decoder(WorkspaceSettings).decode


async def find_workspace(connection: Connection, name: str) -> int | None:
    """The id of the workspace of this name."""
    return cast("int | None", await connection.fetchval(_FIND, *credential_key("workspace", name)))


async def apply_world(
    connection: Connection,
    world: World,
    *,
    now: datetime,
    set_stock: bool = False,
    prune: bool = False,
    dry_run: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Report:
    """Make each workspace what the file says; a workspace with conflicts is left as it is.

    `set_stock` counts stock that is there already; `prune` deletes what the file does not name; `dry_run` writes
    nothing. Applying the same file again changes nothing. Raises what asyncpg raises.
    """
    options = _Options(world.sandbox, now, set_stock, prune, dry_run, environ)
    reports = [await _apply(connection, name, spec, options) for name, spec in world.workspaces.items()]
    return Report(tuple(reports), dry_run)


class _Options(msgspec.Struct, frozen=True):
    sandbox: bool
    now: datetime
    set_stock: bool
    prune: bool
    dry_run: bool
    environ: Mapping[str, str]


async def _apply(connection: Connection, name: str, spec: Workspace, options: _Options) -> WorkspaceReport:
    """One workspace, tried again where another transaction was in the way."""
    for left in reversed(range(TRIES)):
        try:
            return await _transaction(connection, name, spec, options)
        except (
            asyncpg.SerializationError,
            asyncpg.DeadlockDetectedError,
            asyncpg.LockNotAvailableError,
            asyncpg.UniqueViolationError,
        ):
            if not left:
                raise
    raise AssertionError


async def _transaction(
    connection: Connection, name: str, spec: Workspace, options: _Options
) -> WorkspaceReport:
    transaction = connection.transaction()
    await transaction.start()
    done = False
    try:
        await connection.execute(BY_NODES)
        report = await _Applying(connection, name, spec, options).run()
        done = not (options.dry_run or report.conflicts)
    finally:
        await (transaction.commit() if done else transaction.rollback())
    return report if done else await _undone(connection, report)


async def _undone(connection: Connection, report: WorkspaceReport) -> WorkspaceReport:
    """A report of what was rolled back: a key that was made is worth nothing, and a new workspace is gone."""
    number = await find_workspace(connection, report.name)
    return msgspec.structs.replace(report, id=number, generated=())


class _Applying:
    """Applies one workspace within a transaction."""

    def __init__(self, connection: Connection, name: str, spec: Workspace, options: _Options) -> None:
        self._connection = connection
        self._name = name
        self._spec = spec
        self._options = options

    async def run(self) -> WorkspaceReport:
        workspace, opening = await self._lock()
        environment = Environment(self._options.environ, sandbox=self._options.sandbox)
        aim = self._aim(environment)
        keys = wanted_keys(self._name, self._spec, environment)
        conflicts = await self._misfiled(workspace)
        stored, planned = await self._plan(workspace, aim)
        key_plan = await self._plan_keys(workspace, planned, keys)
        number_plan = await self._plan_numbers(workspace, planned, aim)
        people = await plan_administrators(
            self._connection, workspace, self._name, self._spec, stored, planned
        )
        conflicts = [*dict.fromkeys(environment.faults), *conflicts]
        conflicts += planned.conflicts + key_plan.conflicts + number_plan.conflicts + people.conflicts
        if conflicts:
            return WorkspaceReport(self._name, workspace, conflicts=tuple(conflicts))
        changes = [
            *opening,
            *await self._write_settings(workspace),
            *describe(planned, stored),
            *key_plan.changes(),
        ]
        await revoke_keys(self._connection, workspace, key_plan, self._options.now)
        await write_plan(self._connection, workspace, planned)
        await analyse(self._connection, planned)
        await list_numbers(self._connection, workspace, number_plan)
        carriers = await list_carriers(self._connection, workspace)
        await list_administrators(self._connection, workspace, people)
        generated = await make_keys(self._connection, workspace, key_plan, self._options.now)
        changes += await seed_mappings(
            self._connection, workspace, self._spec, planned.ids, self._options.now, prune=self._options.prune
        )
        changes += await seed_bank(self._connection, workspace, self._spec.bank)
        changes += await seed_partner(self._connection, workspace, self._spec.partner)
        changes += await follow_listeners(
            self._connection, workspace, self._accounts(planned, aim), self._options.now
        )
        changes += await seed_hub(self._connection, workspace, self._spec.hub)
        changes += await seed_register(self._connection, workspace, self._spec)
        if self._options.sandbox:
            only = self._options.prune
            await record(
                self._connection, workspace, self._name, self._spec, environment, keys, generated, only=only
            )
        numbers = tuple(self._numbers(aim))
        numbers += tuple(self._carried(planned, carriers))
        found = warnings_of(self._spec, ("workspaces", self._name), sandbox=self._options.sandbox)
        warnings = tuple(Fault(pointer(steps), message) for steps, message in found)
        return WorkspaceReport(self._name, workspace, tuple(changes), (), tuple(generated), numbers, warnings)

    async def _lock(self) -> tuple[int, list[Change]]:
        """The workspace, its row locked; opened where there is none of this name."""
        key = credential_key("workspace", self._name)
        number = secrets.randbits(WORKSPACE_BITS) or 1
        if await self._connection.fetchval(_CLAIM, *key, number) is None:
            found = await find_workspace(self._connection, self._name)
            return cast("int", found), []
        uuid = derived_uuid(self._name, "workspace")
        settings = _encode(self._settings()).decode()
        sandbox, now = self._options.sandbox, self._options.now
        await self._connection.execute(_OPEN, number, uuid, self._name, sandbox, settings, now)
        await self._connection.execute(_COUNTER, number, FIRST_ID)
        return number, [Change("create", "workspace", self._name)]

    def _settings(self) -> WorkspaceSettings:
        return WorkspaceSettings(self._spec.order_sources, self._spec.merchant_integrations)

    def _aim(self, environment: Environment) -> TargetState:
        steps = ("workspaces", self._name, "channels")
        settings = {
            name: with_vat(
                channel_settings(environment.settings(channel.settings, (*steps, name, "settings"))),
                self._spec.webshops.get(name),
            )
            for name, channel in self._spec.channels.items()
        }
        options = self._options
        return TargetState(
            *(self._name, self._spec, settings, environment, options.now, options.set_stock, options.prune)
        )

    async def _misfiled(self, workspace: int) -> list[Fault]:
        """A sandbox's file never reaches a workspace with real orders, nor the other way round."""
        sandbox, _ = await self._connection.fetchrow(_LOCK, workspace)
        if sandbox == self._options.sandbox:
            return []
        kind = "a sandbox" if sandbox else "not a sandbox"
        return [Fault(pointer(("workspaces", self._name)), f"the workspace of this name is {kind}")]

    async def _plan(self, workspace: int, aim: TargetState) -> tuple[Stored, Plan]:
        """The final plan, with all rows that it touches locked and its ids taken from the counter."""
        locks = Locks(self._connection, workspace)
        while True:
            stored = await read_stored(self._connection, workspace, aim.spec)
            outline = plan(aim, stored, Ordered(), FIRST_ID)
            if not await locks.extend(outline, stored):
                break
        ordered = await self._ordered(workspace, outline)
        taken = await read_names(self._connection, workspace, outline.names.takes)
        first = FIRST_ID
        await self._connection.execute(_MAKE_ROOM, workspace, free_from(aim.spec))
        if outline.fresh:
            first = cast("int", await self._connection.fetchval(_COUNT, workspace, outline.fresh))
        return stored, plan(aim, stored, ordered, first, taken)

    async def _ordered(self, workspace: int, outline: Plan) -> Ordered:
        def numbers(kind: type[Record], field: str = "id") -> list[int]:
            return [getattr(record, field) for record in outline.table(kind).deletes]

        products = {*numbers(Product), *numbers(Variant, "product")}
        return await read_ordered(self._connection, workspace, sorted(products), numbers(ChannelRow))

    async def _plan_keys(self, workspace: int, planned: Plan, keys: list[WantedKey]) -> KeyPlan:
        channels = {
            cast("Any", name): number for (kind, name), number in planned.ids.items() if kind is ChannelRow
        }
        return await plan_keys(
            self._connection, workspace, self._name, keys, channels, prune=self._options.prune
        )

    async def _plan_numbers(self, workspace: int, planned: Plan, aim: TargetState) -> NumberPlan:
        doors = {name: channel.door for name, channel in self._spec.channels.items()}
        settings = {(doors[name], name): own for name, own in aim.settings.items()}
        return await plan_numbers(self._connection, workspace, self._name, planned, settings)

    def _accounts(self, planned: Plan, aim: TargetState) -> dict[int, tuple[str, ChannelSettings]]:
        """The file's accounts by their ids, each with its door."""
        found = {
            cast("Any", key): number for (kind, key), number in planned.ids.items() if kind is ChannelRow
        }
        return {
            found[channel.door, name]: (channel.door, aim.settings[name])
            for name, channel in self._spec.channels.items()
        }

    def _numbers(self, aim: TargetState) -> Iterator[PublicNumber]:
        for name, channel in self._spec.channels.items():
            for number in numbers_of(0, channel.door, aim.settings[name]):
                yield PublicNumber(name, str(number.value))

    def _carried(self, planned: Plan, carriers: Mapping[int, str]) -> Iterator[PublicNumber]:
        for (kind, key), number in planned.ids.items():
            if kind is ChannelRow and number in carriers:
                yield PublicNumber(cast("tuple[str, str]", key)[1], carriers[number])

    async def _write_settings(self, workspace: int) -> list[Change]:
        _, stored = await self._connection.fetchrow(_LOCK, workspace)
        before, after = _decode_settings(stored), self._settings()
        if before == after:
            return []
        await self._connection.execute(_SETTINGS, workspace, _encode(after).decode())
        return [Change("update", "workspace", self._name, differences(before, after))]
