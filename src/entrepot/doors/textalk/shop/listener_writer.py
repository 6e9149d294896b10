"""Listeners to events: each has a secret of its own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import cast

from entrepot.domain.catalogue.edit_rows import Put
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.pattern.row_writer import RowWriter, changes_of, stored_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.shop.integrations import REACHABLE
from entrepot.doors.textalk.wire.errors import RpcError
from entrepot.doors.textalk.wire.json import Json


class ListenerWriter(RowWriter):
    """Writes listeners to events. Each has a secret of its own, by which messages to it are signed."""

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Whoever makes it owns it: one for each event and token (decision textalk EventListener)."""
        stored, changes = stored_of(decl), changes_of(decl, patch)
        if uid is None:
            own = {"owner": _owner(context), "secret": secrets.token_hex(32)}
            put = Put(stored.kind, None, changes | own, stored.blank)
        else:
            put = Put(stored.kind, uid, changes | (REACHABLE if "url" in changes else {}))
        keys = await self.edit(context, decl, [put])
        return keys if isinstance(keys, RpcError) else Written(cast("Uid", keys[0]))


def _owner(context: Context) -> str:
    administrator = context.administrator
    return "0" if administrator is None else str(administrator.id)
