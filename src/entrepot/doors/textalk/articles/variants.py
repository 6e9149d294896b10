"""ArticleVariant: an article in one combination of options, with its own stock and number (the vendor's class page)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from entrepot.domain.catalogue.products import Variant
from entrepot.domain.channels.edit_rows import Put
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.stock.adjust import LARGEST_QUANTITY, CountStock
from entrepot.doors.kit import Services
from entrepot.doors.textalk.articles import rows
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import READ, ClassDecl, Operation, Stored, Uid
from entrepot.doors.textalk.pattern.row_writer import RowWriter, changes_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.json import Json, is_number
from entrepot.doors.textalk.wire.sentences import say
from entrepot.store.tables.catalogue import products, variants

_ROWS: Final = variants.join(
    products, sa.and_(products.c.workspace == variants.c.workspace, products.c.id == variants.c.product)
)
_deleted: Final = sa.func.coalesce(
    sa.cast(products.c.data["article"]["deleted"].astext, sa.Boolean), sa.false()
)

ARTICLE_VARIANT: Final = ClassDecl(
    name="ArticleVariant",
    summary="An article in one combination of options",
    rows=_ROWS,
    workspace=variants.c.workspace,
    uid=variants.c.id,
    operations=dict.fromkeys((*READ, Operation.SET, Operation.VALIDATE), Audience.ADMIN),
    visible=lambda _: sa.and_(variants.c.chosen_by != rows.NO_OPTIONS, _deleted.is_(sa.false())),
    stored=Stored(kind=Variant, catalogue=True, unique="articleNumber", blank={}),
    fields=(
        f.uid(variants.c.id),
        f.settable("stock", shapes.number(0, maximum=LARGEST_QUANTITY), rows.free(variants), put=None),
        f.settable("articleNumber", shapes.string(255, min_length=1), variants.c.sku, sortable=True),
        f.shown("article", shapes.reference("Article"), variants.c.product, sortable=True),
        f.kept("image", shapes.string(2000, nullable=True), variants.c.data),
    ),
)

_KNOWN: Final = """
select v.scale, (select l.id from locations l where l.workspace = $1 order by l.priority, l.id limit 1),
  coalesce((select sum(s.reserved) from stock s where s.workspace = $1 and s.variant = v.id), 0)::bigint
from variants v join products p on p.workspace = $1 and p.id = v.product
where v.workspace = $1 and v.id = $2 and v.chosen_by <> '{}'
  and coalesce(p.data -> 'article' ->> 'deleted', '') = ''
"""


class _Known(msgspec.Struct, frozen=True):
    """A variant as it stands; `place` is where its stock is counted."""

    scale: int
    place: int | None
    reserved: int


class VariantWriter(RowWriter):
    """Changes variants; their article's choices make them, so that there is none to make or delete."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.engine)
        self._services = services

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Number and picture first, then the stock: what can be sold, on top of what is promised. 1006, 9001, 9003."""
        if "stock" in patch and not context.shop.settings.may_set_stock:
            return RpcError(Code.FORBIDDEN)
        known = None if uid is None else await self._known(context, int(uid))
        if uid is None or known is None:
            return RpcError(Code.OBJECT_NOT_FOUND)
        if faults := _faults(known, patch):
            return RpcError(Code.VALIDATION_ERROR, faults)
        changes = changes_of(decl, patch)
        if changes:
            keys = await self.edit(context, decl, [Put(Variant, uid, changes)])
            if isinstance(keys, RpcError):
                return keys
        return await self._count(context, int(uid), known, patch) or Written(uid)

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """A stock that is no multiple of the smallest quantity."""
        del decl
        known = None if uid is None else await self._known(context, int(uid))
        return RpcError(Code.OBJECT_NOT_FOUND) if known is None else _faults(known, patch)

    async def _known(self, context: Context, uid: int) -> _Known | None:
        async with self._services.reads.acquire() as connection:
            row: Sequence[Any] | None = await connection.fetchrow(_KNOWN, context.shop.workspace, uid)
        return None if row is None else _Known(*row)

    async def _count(
        self, context: Context, uid: int, known: _Known, patch: Mapping[str, Json]
    ) -> RpcError | None:
        stock = patch.get("stock")
        if not is_number(stock) or known.place is None:
            return None
        units = int(Decimal(stock).scaleb(known.scale)) + known.reserved
        command = CountStock(uid, known.place, units)
        outcome = await self._services.engine.execute(context.shop.workspace, command)
        return rpc_error(outcome.failures[0]) if isinstance(outcome, Refused) else None


def _faults(known: _Known, patch: Mapping[str, Json]) -> tuple[Problem, ...]:
    smallest, stock = Decimal(1).scaleb(-known.scale), patch.get("stock")
    uneven = is_number(stock) and Decimal(stock) % smallest
    return (Problem("/stock", say("patch.multiple-of", limit=smallest)),) if uneven else ()
