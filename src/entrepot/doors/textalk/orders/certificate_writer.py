"""Gift certificates: they have amounts in their currency, and may be given a code."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from entrepot.domain.channels.edit_rows import Put
from entrepot.domain.kernel.money import read_amount
from entrepot.domain.pricing.gift_certificates import revalued
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

_KNOWN: Final = (
    "select currency, original, balance from certificates where workspace = $1 and id = $2 and channel = $3"
)
_PROPERTIES: Final = {"original": "/originalValue", "balance": "/remainingValue"}


def new_code() -> str:
    """A certificate's code: 13 digits (decision textalk Giftcertificate)."""
    return str(secrets.randbelow(9 * 10**12) + 10**12)


class CertificateWriter(RowWriter):
    """Writes gift certificates. What was spent never changes, and neither does the currency."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.engine)
        self._services = services

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """A new one has its whole value left; of an old one value and rest move together."""
        known = None if uid is None else await self._known(context, int(uid))
        if uid is not None and known is None:
            return RpcError(Code.OBJECT_NOT_FOUND)
        if faults := _faults(known, patch):
            return RpcError(Code.VALIDATION_ERROR, faults)
        keys = await self.edit(context, decl, [_put(decl, uid, known, patch)])
        return keys if isinstance(keys, RpcError) else Written(cast("Uid", keys[0]))

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """What the currency cannot hold, what does not go with what was spent, and a code that is taken."""
        known = None if uid is None else await self._known(context, int(uid))
        if uid is not None and known is None:
            return RpcError(Code.OBJECT_NOT_FOUND)
        if faults := _faults(known, patch):
            return faults
        put = _put(decl, uid, known, patch)
        return await self.rehearsed(self._services.reads, context, decl, [put])

    async def _known(self, context: Context, uid: int) -> Sequence[Any] | None:
        shop = context.shop
        async with self._services.reads.acquire() as connection:
            return await connection.fetchrow(_KNOWN, shop.workspace, uid, shop.channel)


def _put(decl: ClassDecl, uid: Uid | None, known: Sequence[Any] | None, patch: Mapping[str, Json]) -> Put:
    currency = str(known[0] if known else patch["currency"])
    own = {} if known else {"code": new_code()}
    stored, values = stored_of(decl), {**own, **changes_of(decl, patch), **_values(currency, patch)}
    return Put(stored.kind, uid, values, None if known else stored.blank)


def _faults(known: Sequence[Any] | None, patch: Mapping[str, Json]) -> tuple[Problem, ...]:
    """What is wrong with the patch beside what is known: currency, value and rest of the certificate."""
    if faults := _unheld(known, patch):
        return faults
    if known and patch.get("currency", known[0]) != known[0]:
        return (Problem("/currency", say("patch.read-only")),)
    currency = str(known[0]) if known else str(patch.get("currency"))
    values = _values(currency, patch)
    if not values:
        return ()
    spent = known[1] - known[2] if known else 0
    found = revalued(spent, values.get("original"), values.get("balance"))
    return (Problem(_PROPERTIES[found], say("patch.spent")),) if isinstance(found, str) else ()


def _unheld(known: Sequence[Any] | None, patch: Mapping[str, Json]) -> tuple[Problem, ...]:
    currency = str(known[0]) if known else str(patch.get("currency"))
    return tuple(
        not_held(f"/{name}", currency)
        for name in ("originalValue", "remainingValue")
        if is_number(value := patch.get(name)) and read_amount(value, currency) is None
    )


def _values(currency: str, patch: Mapping[str, Json]) -> dict[str, Any]:
    """The amounts of the patch: fields of the record, in minor units."""
    given = {"original": patch.get("originalValue"), "balance": patch.get("remainingValue")}
    return {field: minor(value, currency) for field, value in given.items() if is_number(value)}
