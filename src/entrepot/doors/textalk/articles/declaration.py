"""Articles: what the shop sells (decision textalk Article)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from entrepot.domain.stock.adjust import LARGEST_QUANTITY
from entrepot.doors.textalk.articles import rows
from entrepot.doors.textalk.articles.choice_schemas import choice_schemas
from entrepot.doors.textalk.articles.pricing import PRICING, pricing
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import READ, WRITE, Caller, ClassDecl, Field, Snapshot
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.tables.catalogue import products
from entrepot.store.tables.tenancy import channels

_base: Final = rows.base
_data: Final = products.c.data["article"]


def _visible(audience: Audience) -> sa.ColumnElement[bool]:
    there = products.c.deleted_at.is_(None)
    if audience is Audience.ADMIN:
        return there
    return sa.and_(there, products.c.hidden.is_(False), products.c.draft.is_(False), Caller.OPEN)


_SCHEMA: Final = """
select pc.product, c.id, c.kind, c.name, c.mandatory, c.minimum, c.maximum, c.multiple_of, c.max_size,
  (select jsonb_object_agg(o.id::text, o.name) from article_choice_options o
   where o.workspace = $1 and o.choice = c.id and (pc.options is null or pc.options @> to_jsonb(o.id)))::text
from unnest((select $2::bigint[])) k(product)
join product_choices pc on pc.workspace = $1 and pc.product = k.product
join article_choices c on c.workspace = $1 and c.id = pc.choice
order by pc.product, pc.position
"""


async def _choice_schemas(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> Mapping[Any, Json]:
    """For each article what a buyer may choose, as a schema by language."""
    shop = context.shop
    rows = await snapshot.fetch(_SCHEMA, [shop.workspace, list(uids)])
    return choice_schemas(rows, uids, sorted(shop.languages))


def _stored_with_vat() -> sa.ColumnElement[Any]:
    """Whether prices hold the VAT at home, which is the shop's to say, for all of its articles."""
    said = channels.c.settings["shop"]["prices_include_vat"].astext
    here = sa.and_(channels.c.workspace == Caller.WORKSPACE, channels.c.id == Caller.CHANNEL)
    return sa.select(sa.func.coalesce(sa.cast(said, sa.Boolean), sa.true())).where(here).scalar_subquery()


_PRICE: Final = shapes.Record(
    properties={
        "regular": shapes.by_currency(),
        "specialOffer": shapes.by_currency(),
        "current": shapes.by_currency(),
    }
)
_VARIANT: Final = shapes.Record(
    properties={
        "uid": shapes.integer(0),
        "definedBy": shapes.Mapped(keys=shapes.UID_KEYS, values=shapes.string(16)),
        "overrides": shapes.Record(
            properties={
                "articleNumber": shapes.string(255),
                "weight": shapes.integer(0),
                "stock": shapes.number(),
            }
        ),
    }
)
_TEXTS: Final = ("introductionText", "description", "url", "unit", "baseName", "pageTitle")
_META: Final = ("metaDescription", "metaKeywords")
ARTICLE: Final = ClassDecl(
    name="Article",
    summary="What the shop sells",
    rows=rows.ROWS,
    workspace=products.c.workspace,
    uid=products.c.id,
    operations={**READ, **WRITE},
    visible=_visible,
    search=products.c.search,
    fields=(
        f.uid(products.c.id),
        f.settable("articleNumber", shapes.string(255, min_length=1), _base.c.sku, sortable=True),
        f.kept("sku", shapes.string(255, nullable=True), _data, sortable=True),
        f.kept("ean", shapes.string(64, nullable=True), _data, sortable=True),
        f.kept("type", shapes.string(64), _data, absent="Standard"),
        f.settable(
            "name",
            shapes.localized(255),
            rows.name(),
            required=True,
            sortable=True,
            sorted_by=rows.name_of_shop(),
        ),
        *(f.kept(name, shapes.localized(), _data) for name in (*_TEXTS, *_META)),
        f.kept("articlegroup", shapes.reference("Articlegroup", nullable=True), _data),
        f.kept("showInArticlegroups", shapes.references("Articlegroup"), _data, absent=[]),
        f.kept("images", shapes.Array(items=shapes.string(2000), max_items=100), _data, absent=[]),
        f.settable("hidden", shapes.boolean(), products.c.hidden),
        f.settable("draft", shapes.boolean(), products.c.draft),
        f.settable("presentationOnly", shapes.boolean(), products.c.display_only),
        f.kept("news", shapes.boolean(), _data, absent=False),
        f.kept("priceInquiryRequired", shapes.boolean(), _data, absent=False),
        f.kept("showPricesIncludingVat", shapes.boolean(), _data, absent=True),
        f.kept("articleTemplate", shapes.integer(0, nullable=True), _data),
        f.settable("freeFreight", shapes.boolean(), products.c.free_shipping),
        f.kept("isBulky", shapes.boolean(), _data, absent=False),
        f.kept("deliveryInfo", shapes.localized(), _data),
        f.kept("imagesAltText", shapes.Array(items=shapes.localized(), max_items=100), _data, absent=[]),
        f.kept("relationLists", shapes.Array(items=shapes.integer(0), max_items=100), _data, absent=[]),
        f.shown("numSold", shapes.number(0), rows.sold(), sortable=True),
        f.shown("isBuyable", shapes.boolean(), rows.buyable()),
        f.shown("hasChoices", shapes.boolean(), rows.has_choices()),
        f.kept("attributes", shapes.Mapped(keys=shapes.ANY_KEYS, values=shapes.Free()), _data, absent={}),
        f.kept("attachments", shapes.Array(items=shapes.Free(), max_items=100), _data, absent=[]),
        f.settable("price", _PRICE, rows.price(), to_wire=f.major_units, to_store=f.minor_unit),
        Field(name="pricing", shape=shapes.Array(items=PRICING), source=pricing),
        f.settable("vatRate", shapes.rate(), products.c.vat_rate, **f.FRACTION),
        f.shown("vatIsIncluded", shapes.boolean(), _stored_with_vat()),
        f.settable("weight", shapes.integer(0), _base.c.weight, sortable=True),
        f.settable(
            "stock",
            shapes.Record(
                properties={"useStock": shapes.boolean(), "stock": shapes.number(0, maximum=LARGEST_QUANTITY)}
            ),
            rows.stocked(),
        ),
        f.settable(
            "quantityInfo",
            shapes.Record(properties={"divisibleBy": shapes.number(0)}),
            rows.divisible(),
        ),
        f.settable("choices", shapes.references("ArticleChoice"), rows.choices()),
        f.settable(
            "choiceOptions",
            shapes.Mapped(keys=shapes.UID_KEYS, values=shapes.references("ArticleChoiceOption")),
            rows.options(),
        ),
        f.settable(
            "choiceOptionPrices",
            shapes.Mapped(keys=shapes.UID_KEYS, values=shapes.by_currency()),
            rows.surcharges(),
            to_wire=f.major_units,
            to_store=f.minor_unit,
        ),
        Field(
            name="choiceSchema",
            shape=shapes.Mapped(keys=shapes.LANGUAGE_KEYS, values=shapes.Free()),
            source=_choice_schemas,
        ),
        f.shown("variants", shapes.Array(items=_VARIANT), rows.variants_of()),
        f.kept("orderedWithArticles", shapes.references("Article"), _data, absent=[]),
        f.created(products.c.created_at, nullable=True),
        f.created(products.c.changed_at, "changed", nullable=True),
    ),
)
