"""What a buyer may choose of an article (decision textalk ArticleChoice)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from entrepot.domain.catalogue.options import DECIMALS, PARTS
from entrepot.domain.catalogue.selection import LARGEST_NUMBER
from entrepot.domain.catalogue.shop_rows import (
    DeleteChoice,
    DeleteChoiceOption,
    SaveChoice,
    SaveChoiceOption,
)
from entrepot.doors.textalk.articles.rows import array_of
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import READ, WRITE, Caller, ClassDecl, Field, Goods
from entrepot.doors.textalk.wire.json import Json, is_number
from entrepot.store.tables.articles import article_choice_options as options
from entrepot.store.tables.articles import article_choices as choices


def _visible(audience: Audience) -> sa.ColumnElement[bool] | None:
    """They are goods too: a shop that hides its goods from visitors hides what can be chosen of them."""
    return None if audience is Audience.ADMIN else sa.and_(Caller.OPEN)


def _whole(cell: Any) -> Json:
    """Ten-thousandths as a number."""
    return None if cell is None else f.plain(Decimal(cell) / PARTS)


def _parts(value: Any) -> int | None:
    return None if value is None else int(Decimal(str(value)) * PARTS)


def _parts_of(path: tuple[str, ...], value: Json) -> Json:
    """A filter's operand in ten-thousandths; it may lie between two of them."""
    del path
    return Decimal(str(value)) * PARTS if is_number(value) else value


LARGEST: Final = LARGEST_NUMBER // PARTS
_AMOUNT: Final = shapes.number(0, maximum=LARGEST, decimals=DECIMALS)
_LIMIT: Final = shapes.number(0, maximum=LARGEST, decimals=DECIMALS, nullable=True)
_STEP: Final = shapes.number(0.0001, maximum=LARGEST, decimals=DECIMALS)
_NUMBER: Final[dict[str, Any]] = {"to_wire": _whole, "to_store": _parts_of, "convert": _parts}


def _options() -> sa.ColumnElement[Any]:
    rows = sa.select(options.c.id).where(
        options.c.workspace == Caller.WORKSPACE, options.c.choice == choices.c.id
    )
    return array_of(rows.order_by(options.c.position, options.c.id), choices)


ARTICLE_CHOICE: Final = ClassDecl(
    name="ArticleChoice",
    summary="Something that a buyer chooses: one of several options, a number, a text or a file",
    rows=choices,
    workspace=choices.c.workspace,
    uid=choices.c.id,
    operations={**READ, **WRITE},
    visible=_visible,
    goods=Goods(save=SaveChoice, delete=DeleteChoice),
    fields=(
        f.uid(choices.c.id),
        f.settable("type", shapes.option("enum", "number", "string", "file"), choices.c.kind, required=True),
        f.settable("name", shapes.localized(255), choices.c.name, required=True),
        f.settable("description", shapes.localized(), choices.c.description),
        f.settable("mandatory", shapes.boolean(), choices.c.mandatory),
        f.settable("minimum", _AMOUNT, choices.c.minimum, **_NUMBER),
        f.settable("maximum", _LIMIT, choices.c.maximum, **_NUMBER),
        f.settable("multipleOf", _STEP, choices.c.multiple_of, **_NUMBER),
        f.settable("quantity", shapes.boolean(), choices.c.multiplies_price),
        f.settable("quantityWeight", shapes.boolean(), choices.c.multiplies_weight),
        f.settable("quantityChoicesAffectsOptionPrices", shapes.boolean(), choices.c.per_unit),
        f.settable("maxSize", shapes.integer(1, 10_000_000, nullable=True), choices.c.max_size),
        Field(name="options", shape=shapes.references("ArticleChoiceOption"), source=_options()),
        f.created(choices.c.created_at),
        f.created(choices.c.changed_at, "changed"),
    ),
)

ARTICLE_CHOICE_OPTION: Final = ClassDecl(
    name="ArticleChoiceOption",
    summary="One of the options of a choice, with its surcharge",
    rows=options,
    workspace=options.c.workspace,
    uid=options.c.id,
    operations={**READ, **WRITE},
    visible=_visible,
    goods=Goods(save=SaveChoiceOption, delete=DeleteChoiceOption),
    fields=(
        f.uid(options.c.id),
        f.settable("articleChoice", shapes.reference("ArticleChoice"), options.c.choice, required=True),
        f.settable("name", shapes.localized(255), options.c.name, required=True),
        f.settable("position", shapes.integer(0, 1_000_000), options.c.position, sortable=True),
        f.amounts("price", options.c.prices),
    ),
)
