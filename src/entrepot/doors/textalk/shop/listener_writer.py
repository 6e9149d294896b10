"""Listeners to events: each has a secret of its own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import cast

from entrepot.domain.channels.edit_rows import Put
from entrepot.doors.kit import Services
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.caller.tokens import AUTH
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.pattern.row_writer import RowWriter, changes_of, stored_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.shop.integrations import REACHABLE
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.json import Json
from entrepot.doors.textalk.wire.sentences import say
from entrepot.store.credentials.directory import credential_key

_TAKEN = """
select exists (
  select from event_listeners where workspace = $1 and channel = $2 and event = $3 and id <> $4
  and owner = coalesce((select owner from event_listeners where workspace = $1 and id = $4), $5)
)
"""


class ListenerWriter(RowWriter):
    """Writes listeners to events. Each has a secret of its own, by which messages to it are signed."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.engine)
        self._services = services

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Whoever makes it owns it, or the token that is named: one for each event and token (EventListener)."""
        stored, changes = stored_of(decl), changes_of(decl, patch)
        owner = await self._owner(context, patch.get("authToken"))
        if wrong := _fault(owner, uid, patch):
            return RpcError(Code.VALIDATION_ERROR, (wrong,))
        if uid is None:
            own = {"owner": owner, "secret": secrets.token_hex(32)}
            put = Put(stored.kind, None, changes | own, stored.blank)
        else:
            put = Put(stored.kind, uid, changes | (REACHABLE if "url" in changes else {}))
        keys = await self.edit(context, decl, [put])
        return keys if isinstance(keys, RpcError) else Written(cast("Uid", keys[0]))

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """A token that cannot be told, or no more, and an event of which its owner is told already."""
        owner = await self._owner(context, patch.get("authToken"))
        if wrong := _fault(owner, uid, patch):
            return (wrong,)
        event, number = changes_of(decl, patch).get("event"), -1 if uid is None else int(uid)
        async with self._services.reads.acquire() as connection:
            asked = (context.shop.workspace, context.shop.channel, event, number, owner)
            taken = event is not None and await connection.fetchval(_TAKEN, *asked)
        return (Problem("/eventName", say("patch.taken")),) if taken else ()

    async def _owner(self, context: Context, token: Json) -> str | None:
        """The handle of whoever is told; None for a token that is not the shop's, or of which a token has no say."""
        administrator = context.administrator
        caller = "0" if administrator is None else str(administrator.id)
        if not isinstance(token, str):
            return caller
        named = await self._services.callers.get(credential_key(AUTH, token))
        if named is None or (named.workspace, named.channel) != (
            context.shop.workspace,
            context.shop.channel,
        ):
            return None
        ended = named.expires_at is not None and named.expires_at <= context.now
        others = administrator is not None and administrator.persistent and caller != str(named.credential)
        return None if ended or others else str(named.credential)


def _fault(owner: str | None, uid: Uid | None, patch: Mapping[str, Json]) -> Problem | None:
    if owner is None:
        return Problem("/authToken", say("patch.reference"))
    return Problem("/authToken", say("patch.read-only")) if uid is not None and "authToken" in patch else None
