"""Whether the stored accounts can work, by the rules by which world files are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from entrepot.checks.findings import Finding
from entrepot.domain.channels.accounts import ChannelSettings, WorkspaceSettings
from entrepot.store.connections import Connection
from entrepot.worlds.form.channel_checks import Surroundings, account_faults, account_warnings

_ACCOUNTS = """
select w.id, w.sandbox, w.settings, c.door, c.name, c.settings,
  array(select t.code from tax_companies t where t.workspace = w.id) companies,
  exists (
    select from payment_methods p where p.workspace = w.id and p.channel = c.id and p.active and p.provider = 'card'
  ) card_shop
from workspaces w join channels c on c.workspace = w.id
where $1::bigint is null or w.id = $1 order by w.id, c.door, c.name
"""
_workspace_settings = msgspec.json.Decoder(WorkspaceSettings).decode
_settings = msgspec.json.Decoder(ChannelSettings).decode


async def check_accounts(connection: Connection, workspace: int | None = None) -> list[Finding]:
    """A violation for each fault of each account, in one workspace or in all, and what to be warned of."""
    rows = await connection.fetch(_ACCOUNTS, workspace)
    return [finding for row in rows for finding in _faults(row)]


def _faults(row: Any) -> Iterator[Finding]:
    workspace, sandbox, shared, door, name, settings, companies, card_shop = row
    around = Surroundings(sandbox, _workspace_settings(shared).order_sources, frozenset(companies), card_shop)
    for steps, message in account_faults(door, _settings(settings), around):
        yield Finding("violation", "accounts", workspace, _said(door, name, steps, message))
    for steps, message in account_warnings(door, _settings(settings), sandbox=sandbox):
        yield Finding("warning", "accounts", workspace, _said(door, name, steps, message))


def _said(door: str, name: str, steps: tuple[str | int, ...], message: str) -> str:
    return f"{door}/{name}, {'/'.join(map(str, ('settings', *steps)))}: {message}"
