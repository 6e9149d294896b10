"""Records that need more than their patch: certificates have amounts in their currency, listeners a secret."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, cast

from entrepot.domain.catalogue.edit_rows import Put
from entrepot.domain.kernel.money import to_minor
from entrepot.doors.kit import Services
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.caller.tokens import AUTH
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.pattern.row_writer import RowWriter, changes_of, stored_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.shop.integrations import REACHABLE
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.json import Json, is_number
from entrepot.doors.textalk.wire.sentences import say
from entrepot.store.credentials.directory import credential_key

_CURRENCY: Final = (
    "select currency, original from certificates where workspace = $1 and id = $2 and channel = $3"
)


def new_code() -> str:
    """A certificate's code: 13 digits (contract, section 3)."""
    return str(secrets.randbelow(9 * 10**12) + 10**12)


class CertificateWriter(RowWriter):
    """Writes gift certificates. What was paid in never changes, and neither does its currency."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.engine)
        self._services = services

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """A new one has its whole value left, unless the patch says otherwise."""
        known = None if uid is None else await self._known(context, int(uid))
        if uid is not None and known is None:
            return RpcError(Code.OBJECT_NOT_FOUND)
        changes = changes_of(decl, patch)
        if known is None:
            values = {"code": new_code(), **changes, **_values(str(patch["currency"]), patch)}
        else:
            values = changes | _values(known[0], {"originalValue": None, **patch})
            if "currency" in patch and patch["currency"] != known[0]:
                return _wrong("/currency", "patch.read-only")
        if values.get("balance", 0) > values.get("original", known[1] if known else 0):
            return _wrong("/remainingValue", "patch.stock")
        stored = stored_of(decl)
        keys = await self.edit(
            context, decl, [Put(stored.kind, uid, values, None if known else stored.blank)]
        )
        return keys if isinstance(keys, RpcError) else Written(cast("Uid", keys[0]))

    async def _known(self, context: Context, uid: int) -> Sequence[Any] | None:
        shop = context.shop
        async with self._services.reads.acquire() as connection:
            return await connection.fetchrow(_CURRENCY, shop.workspace, uid, shop.channel)


def _values(currency: str, patch: Mapping[str, Json]) -> dict[str, Any]:
    original, left = patch.get("originalValue"), patch.get("remainingValue")
    amounts: dict[str, Any] = {}
    if is_number(original):
        amounts = {"original": to_minor(Decimal(str(original)), currency)}
        amounts["balance"] = amounts["original"]
    if is_number(left):
        amounts["balance"] = to_minor(Decimal(str(left)), currency)
    return amounts


class DiscountWriter(RowWriter):
    """Writes discounts by the vendor's words for them. A new one has a code that nobody knows until it gets another."""

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Change the discount, or make one; 9003."""
        stored, changes = stored_of(decl), changes_of(decl, patch)
        own = {} if uid is not None else {"code": secrets.token_hex(16)}
        put = Put(stored.kind, uid, own | changes, stored.blank if uid is None else None)
        keys = await self.edit(context, decl, [put])
        return keys if isinstance(keys, RpcError) else Written(cast("Uid", keys[0]))


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
        if owner is None:
            return _wrong("/authToken", "patch.reference")
        if uid is None:
            own = {"owner": owner, "secret": secrets.token_hex(32)}
            put = Put(stored.kind, None, changes | own, stored.blank)
        elif "authToken" in patch:
            return _wrong("/authToken", "patch.read-only")
        else:
            put = Put(stored.kind, uid, changes | (REACHABLE if "url" in changes else {}))
        keys = await self.edit(context, decl, [put])
        return keys if isinstance(keys, RpcError) else Written(cast("Uid", keys[0]))

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


def _wrong(pointer: str, key: str) -> RpcError:
    return RpcError(Code.VALIDATION_ERROR, (Problem(pointer, say(key)),))
