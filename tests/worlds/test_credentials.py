"""Credentials: stored hashed, found through the directory until they are revoked."""

import asyncpg
import pytest

from entrepot.store.connections import Connection
from entrepot.store.credentials.credentials import create_credential, list_credentials, revoke_credential
from entrepot.store.credentials.directory import credential_key
from tests.worlds.conftest import NOW, apply

WORLD = """
sandbox = true
[workspaces.a.channels.one]
door = "bonsai"
[workspaces.b.channels.two]
door = "bonsai"
"""
KIND = "bonsai:api-key"


@pytest.fixture
async def accounts(connection: Connection) -> list[tuple[int, int]]:
    """Workspace and channel of both accounts."""
    await apply(connection, WORLD)
    return [tuple(row) for row in await connection.fetch("select workspace, id from channels order by name")]


async def listed(connection: Connection, secret: str) -> object:
    return await connection.fetchval(
        "select credential from directory where kind = $1 and hash = $2", *credential_key(KIND, secret)
    )


async def test_a_secret_is_made_hinted_and_found(
    connection: Connection, accounts: list[tuple[int, int]]
) -> None:
    made = await create_credential(connection, *accounts[0], "live", KIND, None, "shop", now=NOW)
    assert await listed(connection, made.secret) == made.id
    (found,) = await list_credentials(connection, accounts[0][0])
    assert (found.id, found.label, found.hint) == (made.id, "shop", made.secret[-4:])
    assert made.secret not in repr(made)
    assert await list_credentials(connection, accounts[1][0]) == []


async def test_a_short_secret_has_no_hint(connection: Connection, accounts: list[tuple[int, int]]) -> None:
    await create_credential(connection, *accounts[0], "test", KIND, "demo-api-key", "", now=NOW)
    (found,) = await list_credentials(connection, *accounts[0])
    assert (found.hint, found.environment) == ("", "test")


async def test_a_secret_is_one_accounts_only(connection: Connection, accounts: list[tuple[int, int]]) -> None:
    await create_credential(connection, *accounts[0], "live", KIND, "same", "", now=NOW)
    with pytest.raises(asyncpg.UniqueViolationError):
        await create_credential(connection, *accounts[1], "live", KIND, "same", "", now=NOW)


async def test_a_revoked_credential_leads_nowhere(
    connection: Connection, accounts: list[tuple[int, int]]
) -> None:
    (workspace, channel), (stranger, _) = accounts
    made = await create_credential(connection, workspace, channel, "live", KIND, None, "", now=NOW)
    assert not await revoke_credential(connection, stranger, made.id, NOW)
    assert await listed(connection, made.secret) == made.id
    assert await revoke_credential(connection, workspace, made.id, NOW)
    assert not await revoke_credential(connection, workspace, made.id, NOW)
    assert await listed(connection, made.secret) is None
    (found,) = await list_credentials(connection, workspace)
    assert found.revoked_at == NOW


async def test_a_pair_is_made_as_one(connection: Connection, accounts: list[tuple[int, int]]) -> None:
    made = await create_credential(connection, *accounts[0], "live", KIND, None, "", pair=True, now=NOW)
    client, colon, secret = made.secret.partition(":")
    assert (len(client), colon, len(secret)) == (32, ":", 48)
    assert await listed(connection, made.secret) == made.id
