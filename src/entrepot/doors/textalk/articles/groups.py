"""Groups of articles, and assortments (decision textalk Articlegroup)."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from entrepot.domain.catalogue.options import Assortment
from entrepot.domain.catalogue.shop_rows import DeleteGroup, SaveGroup
from entrepot.doors.textalk.articles.rows import array_of
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import (
    READ,
    WRITE,
    Caller,
    ClassDecl,
    Field,
    Goods,
    Stored,
)
from entrepot.store.tables.articles import article_groups as groups
from entrepot.store.tables.articles import assortments
from entrepot.store.tables.catalogue import products

_data: Final = groups.c.data
_below: Final = groups.alias("below")


def _children() -> sa.ColumnElement[Any]:
    rows = sa.select(_below.c.id).where(
        _below.c.workspace == Caller.WORKSPACE, _below.c.parent_group == groups.c.id
    )
    return array_of(rows.order_by(_below.c.position, _below.c.id), groups)


def _is_empty() -> sa.ColumnElement[bool]:
    """Whether no article is shown in the group."""
    shown = sa.select(products.c.id).where(
        products.c.workspace == Caller.WORKSPACE,
        products.c.data["article"]["showInArticlegroups"].op("@>")(sa.func.to_jsonb(groups.c.id)),
    )
    return sa.type_coerce(sa.not_(sa.exists(shown)), sa.Boolean)


def _visible(audience: Audience) -> sa.ColumnElement[bool] | None:
    return None if audience is Audience.ADMIN else sa.and_(groups.c.hidden.is_(False), Caller.OPEN)


ARTICLEGROUP: Final = ClassDecl(
    name="Articlegroup",
    summary="A shelf of the shop; groups form a tree",
    rows=groups,
    workspace=groups.c.workspace,
    uid=groups.c.id,
    operations={**READ, **WRITE},
    visible=_visible,
    goods=Goods(save=SaveGroup, delete=DeleteGroup),
    aliases=(
        Field(name="empty", shape=shapes.boolean(), source=_is_empty(), filterable=True),
        Field(name="hiddenInMenu", shape=shapes.boolean(), source=groups.c.hidden, filterable=True),
    ),
    fields=(
        f.uid(groups.c.id),
        f.settable("name", shapes.localized(255), groups.c.name, required=True),
        f.settable("url", shapes.localized(2000), groups.c.url),
        *(
            f.kept(name, shapes.localized(), _data)
            for name in ("baseName", "description", "pageTitle", "metaDescription", "metaKeywords")
        ),
        f.settable("parent", shapes.reference("Articlegroup", nullable=True), groups.c.parent_group),
        Field(
            name="children",
            shape=shapes.references("Articlegroup"),
            source=_children(),
            read=Audience.ADMIN,
        ),
        f.settable("position", shapes.integer(0, 1_000_000), groups.c.position, sortable=True),
        f.settable("hidden", shapes.boolean(), groups.c.hidden),
        f.kept("image", shapes.string(2000, nullable=True), _data),
        f.kept("pageItems", shapes.Array(items=shapes.Free(), max_items=100), _data, absent=[]),
        f.created(groups.c.created_at),
        f.created(groups.c.changed_at, "changed"),
    ),
)

ASSORTMENT: Final = ClassDecl(
    name="Assortment",
    summary="Groups of articles that some customers are shown",
    rows=assortments,
    workspace=assortments.c.workspace,
    uid=assortments.c.id,
    operations=dict.fromkeys((*READ, *WRITE), Audience.ADMIN),
    visible=lambda _: assortments.c.channel == Caller.CHANNEL,
    stored=Stored(kind=Assortment, blank={"name": {}, "groups": (), "customer_groups": None}),
    fields=(
        f.uid(assortments.c.id),
        f.settable("name", shapes.localized(255), assortments.c.name, required=True),
        f.settable("articlegroups", shapes.references("Articlegroup"), assortments.c.groups),
        f.settable(
            "customergroups", shapes.references("Customergroup", nullable=True), assortments.c.customer_groups
        ),
    ),
)
