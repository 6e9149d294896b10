"""Whether the stored accounts can work, by the rules by which world files are refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Any

import msgspec

from entrepot.checks.findings import Finding
from entrepot.domain.channels.accounts import ChannelSettings, WorkspaceSettings
from entrepot.store.connections import Connection
from entrepot.worlds.form.channel_checks import Surroundings, account_faults, account_warnings

_ACCOUNTS = """
select w.id, c.id, w.sandbox, w.settings, c.door, c.name, c.settings
from workspaces w join channels c on c.workspace = w.id
where $1::bigint is null or w.id = $1 order by w.id, c.door, c.name
"""
_COMPANIES = "select workspace, code from tax_companies where $1::bigint is null or workspace = $1"
_CARD_SHOPS = """
select workspace, channel from payment_methods
where active and provider = 'card' and ($1::bigint is null or workspace = $1)
"""
_workspace_settings = msgspec.json.Decoder(WorkspaceSettings).decode
_settings = msgspec.json.Decoder(ChannelSettings).decode


async def check_accounts(connection: Connection, workspace: int | None = None) -> list[Finding]:
    """A violation for each fault of each account, in one workspace or in all, and what to be warned of."""
    companies: dict[int, set[str]] = {}
    for owner, code in await connection.fetch(_COMPANIES, workspace):
        companies.setdefault(owner, set()).add(code)
    card_shops = {tuple(row) for row in await connection.fetch(_CARD_SHOPS, workspace)}
    rows = await connection.fetch(_ACCOUNTS, workspace)
    return [
        finding
        for owner, channel, *row in rows
        for finding in _faults(owner, row, companies.get(owner, set()), (owner, channel) in card_shops)
    ]


def _faults(workspace: int, row: Sequence[Any], companies: Set[str], card_shop: bool) -> Iterator[Finding]:
    sandbox, shared, door, name, settings = row
    around = Surroundings(sandbox, _workspace_settings(shared).order_sources, frozenset(companies), card_shop)
    for steps, message in account_faults(door, _settings(settings), around):
        yield Finding("violation", "accounts", workspace, _said(door, name, steps, message))
    for steps, message in account_warnings(door, _settings(settings), sandbox=sandbox):
        yield Finding("warning", "accounts", workspace, _said(door, name, steps, message))


def _said(door: str, name: str, steps: tuple[str | int, ...], message: str) -> str:
    return f"{door}/{name}, {'/'.join(map(str, ('settings', *steps)))}: {message}"
