"""ArticleVariant: an article in one combination of options, with its own stock and number (the vendor's class page)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import sqlalchemy as sa

from entrepot.domain.catalogue.changes import VariantChanges
from entrepot.domain.catalogue.save_product import OfVariant
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.stock.counts import LARGEST_QUANTITY, Count
from entrepot.domain.stock.save_goods import SaveGoods
from entrepot.doors.kit import Services
from entrepot.doors.textalk.articles import rows
from entrepot.doors.textalk.articles.refusals import refusal
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import READ, ClassDecl, Operation, Uid
from entrepot.doors.textalk.pattern.row_writer import changes_of, problems_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.json import Json, is_number
from entrepot.store.tables.catalogue import products, variants

_ROWS: Final = variants.join(
    products, sa.and_(products.c.workspace == variants.c.workspace, products.c.id == variants.c.product)
)
ARTICLE_VARIANT: Final = ClassDecl(
    name="ArticleVariant",
    summary="An article in one combination of options",
    rows=_ROWS,
    workspace=variants.c.workspace,
    uid=variants.c.id,
    operations=dict.fromkeys((*READ, Operation.SET, Operation.VALIDATE), Audience.ADMIN),
    visible=lambda _: sa.and_(variants.c.chosen_by != rows.NO_OPTIONS, products.c.deleted_at.is_(None)),
    fields=(
        f.uid(variants.c.id),
        f.settable("stock", shapes.number(0, maximum=LARGEST_QUANTITY), rows.free(variants), put=None),
        f.settable("articleNumber", shapes.string(255, min_length=1), variants.c.sku, sortable=True),
        f.shown("article", shapes.reference("Article"), variants.c.product, sortable=True),
        f.kept("image", shapes.string(2000, nullable=True), variants.c.data),
    ),
)

_KNOWN: Final = """
select 1 from variants v join products p on p.workspace = $1 and p.id = v.product
where v.workspace = $1 and v.id = $2 and v.chosen_by <> '{}' and p.deleted_at is null
"""


class VariantWriter:
    """Changes variants; their article's choices make them, so that there is none to make or delete."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Number, picture and stock in one command. 1006, 9001, 9003."""
        if uid is None or not await self._is_known(context, int(uid)):
            return RpcError(Code.OBJECT_NOT_FOUND)
        command = _command(context, decl, int(uid), patch)
        outcome = await self._services.engine.execute(context.shop.workspace, command)
        return refusal(outcome, stock="/stock") if isinstance(outcome, Refused) else Written(uid)

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """No variant is deleted by itself: the class has no such method."""
        del context, decl, uid
        return RpcError(Code.OBJECT_NOT_FOUND)

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """What the rules would say of the change."""
        if uid is None or not await self._is_known(context, int(uid)):
            return RpcError(Code.OBJECT_NOT_FOUND)
        async with self._services.reads.acquire() as connection:
            command = _command(context, decl, int(uid), patch)
            outcome = await self._services.engine.rehearse(connection, context.shop.workspace, command)
        return problems_of(refusal(outcome, stock="/stock")) if isinstance(outcome, Refused) else ()

    async def _is_known(self, context: Context, uid: int) -> bool:
        async with self._services.reads.acquire() as connection:
            return await connection.fetchval(_KNOWN, context.shop.workspace, uid) is not None


def _command(context: Context, decl: ClassDecl, uid: int, patch: Mapping[str, Json]) -> SaveGoods:
    stock = patch.get("stock")
    return SaveGoods(
        channel=context.shop.channel,
        name=OfVariant(uid),
        mode="change",
        variant=VariantChanges(**changes_of(decl, patch)),
        count=Count(Decimal(stock), "available") if is_number(stock) else None,
    )
