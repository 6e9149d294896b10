"""Gift certificates: they have amounts in their currency, and may be given a code."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from entrepot.domain.channels.edit_rows import Put
from entrepot.domain.kernel.money import read_amount
from entrepot.doors.kit import Services
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.declare.fields import minor
from entrepot.doors.textalk.declare.money import not_held
from entrepot.doors.textalk.pattern.row_writer import RowWriter, changes_of, stored_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.json import Json, is_number
from entrepot.doors.textalk.wire.sentences import say

_CURRENCY: Final = (
    "select currency, original from certificates where workspace = $1 and id = $2 and channel = $3"
)


def new_code() -> str:
    """A certificate's code: 13 digits (decision textalk Giftcertificate)."""
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
        if faults := _unheld(known, patch):
            return RpcError(Code.VALIDATION_ERROR, faults)
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

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """Values that the certificate's currency cannot hold."""
        del decl
        return _unheld(None if uid is None else await self._known(context, int(uid)), patch)

    async def _known(self, context: Context, uid: int) -> Sequence[Any] | None:
        shop = context.shop
        async with self._services.reads.acquire() as connection:
            return await connection.fetchrow(_CURRENCY, shop.workspace, uid, shop.channel)


def _unheld(known: Sequence[Any] | None, patch: Mapping[str, Json]) -> tuple[Problem, ...]:
    currency = str(known[0]) if known else str(patch.get("currency"))
    return tuple(
        not_held(f"/{name}", currency)
        for name in ("originalValue", "remainingValue")
        if is_number(value := patch.get(name)) and read_amount(value, currency) is None
    )


def _values(currency: str, patch: Mapping[str, Json]) -> dict[str, Any]:
    original, left = patch.get("originalValue"), patch.get("remainingValue")
    amounts: dict[str, Any] = {}
    if is_number(original):
        amounts = {"original": minor(original, currency)}
        amounts["balance"] = amounts["original"]
    if is_number(left):
        amounts["balance"] = minor(left, currency)
    return amounts


def _wrong(pointer: str, key: str) -> RpcError:
    return RpcError(Code.VALIDATION_ERROR, (Problem(pointer, say(key)),))
