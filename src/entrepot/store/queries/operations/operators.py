"""Operators, their sessions and one-time links; of secrets only hashes are stored."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID, uuid4

import msgspec

from entrepot.store.connections import Connection

EVERYWHERE: Final = 0
"""The workspace of operators who see all of them."""
SESSION_LASTS: Final = timedelta(hours=12)
LINK_LASTS: Final = timedelta(hours=1)
Kind = Literal["session", "link"]

_PROOF: Final = re.compile(r"([0-9a-f]{1,16})-([A-Za-z0-9_-]{43})", re.ASCII)


class Operator(msgspec.Struct, frozen=True):
    """Somebody who looks after the server, or after one workspace."""

    workspace: int
    id: UUID
    name: str
    has_password: bool
    created_at: datetime


class Proof(msgspec.Struct, frozen=True):
    """Who somebody is, by a session or a link that is still good."""

    operator: Operator
    csrf: str


async def add_operator(connection: Connection, workspace: int, name: str, now: datetime) -> UUID | None:
    """A new operator without a password; None where the name is taken."""
    return await connection.fetchval(
        "insert into operators (workspace, id, name, password, created_at) values ($1, $2, $3, null, $4)"
        " on conflict do nothing returning id",
        workspace,
        uuid4(),
        name,
        now,
    )


async def list_operators(connection: Connection) -> list[tuple[Operator, str | None]]:
    """All operators, each with the name of its workspace."""
    rows = await connection.fetch(
        "select o.workspace, o.id, o.name, o.password is not null, o.created_at, w.name"
        " from operators o left join workspaces w on w.id = o.workspace order by o.workspace, o.name"
    )
    return [(Operator(*tuple(row)[:5]), row[5]) for row in rows]


async def find_operator(
    connection: Connection, workspace: int, name: str
) -> tuple[Operator, str | None] | None:
    """The operator of this name with the hash of the password."""
    row = await connection.fetchrow(
        "select workspace, id, name, password is not null, created_at, password from operators"
        " where workspace = $1 and name = $2",
        workspace,
        name,
    )
    return (Operator(*tuple(row)[:5]), row[5]) if row else None


async def remove_operator(connection: Connection, workspace: int, name: str) -> bool:
    """Remove an operator with all sessions and links; False if there was none."""
    done = await connection.execute(
        "delete from operators where workspace = $1 and name = $2", workspace, name
    )
    return done != "DELETE 0"


async def nobody_can_log_in(connection: Connection) -> bool:
    """Whether no operator has a password yet."""
    return not await connection.fetchval("select exists (select from operators where password is not null)")


async def make_proof(connection: Connection, operator: Operator, kind: Kind, now: datetime) -> str:
    """A session's or a link's secret, told this once. A new link ends the operator's older ones."""
    secret = f"{operator.workspace:x}-{secrets.token_urlsafe(32)}"
    async with connection.transaction():
        await connection.execute(
            "delete from operator_proofs where workspace = $1 and operator = $2"
            " and (expires_at <= $3 or kind = 'link' and $4 = 'link')",
            operator.workspace, operator.id, now, kind,
        )  # fmt: skip
        await connection.execute(
            "insert into operator_proofs (workspace, hash, kind, operator, csrf, expires_at)"
            " values ($1, $2, $3, $4, $5, $6)",
            operator.workspace, _hash(kind, secret), kind, operator.id, secrets.token_urlsafe(24),
            now + (SESSION_LASTS if kind == "session" else LINK_LASTS),
        )  # fmt: skip
    return secret


async def find_proof(connection: Connection, kind: Kind, secret: str, now: datetime) -> Proof | None:
    """Who the secret stands for; None if it is none, or over."""
    workspace = _workspace(secret)
    if workspace is None:
        return None
    row = await connection.fetchrow(
        "select o.workspace, o.id, o.name, o.password is not null, o.created_at, p.csrf"
        " from operator_proofs p join operators o on o.workspace = p.workspace and o.id = p.operator"
        " where p.workspace = $1 and p.hash = $2 and p.kind = $3 and p.expires_at > $4",
        workspace,
        _hash(kind, secret),
        kind,
        now,
    )
    return Proof(Operator(*tuple(row)[:5]), row[5]) if row else None


async def end_proof(connection: Connection, kind: Kind, secret: str) -> None:
    """End a session, or use up a link."""
    await connection.execute(
        "delete from operator_proofs where workspace = $1 and hash = $2",
        _workspace(secret) or 0,
        _hash(kind, secret),
    )


async def set_password(connection: Connection, link: str, password: str, now: datetime) -> Operator | None:
    """Use up a link for a new password (its hash), which ends every session of the operator; None if it is over."""
    async with connection.transaction():
        found = await find_proof(connection, "link", link, now)
        if found is None:
            return None
        operator = found.operator
        used = await connection.execute(
            "delete from operator_proofs where workspace = $1 and hash = $2",
            operator.workspace,
            _hash("link", link),
        )
        if used == "DELETE 0":
            return None
        await connection.execute(
            "delete from operator_proofs where workspace = $1 and operator = $2",
            operator.workspace,
            operator.id,
        )
        await connection.execute(
            "update operators set password = $3 where workspace = $1 and id = $2",
            operator.workspace, operator.id, password,
        )  # fmt: skip
    return operator


def _workspace(secret: str) -> int | None:
    found = _PROOF.fullmatch(secret)
    number = int(found[1], 16) if found else -1
    return number if 0 <= number < 2**63 else None


def _hash(kind: str, secret: str) -> bytes:
    return hashlib.sha256(f"operator-{kind}:{secret}".encode("utf-8", "surrogatepass")).digest()
