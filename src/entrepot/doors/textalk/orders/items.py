"""OrderItem: what is in a cart or order (decision textalk OrderItem)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.domain.carts.records import Cart, CartLine
from entrepot.domain.carts.totals import LineTotal, Totals
from entrepot.domain.catalogue.options import PARTS
from entrepot.domain.pricing.vat import Amount
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import ClassDecl, Field, Operation, Snapshot
from entrepot.doors.textalk.orders import rows
from entrepot.doors.textalk.orders.declaration import AMOUNT
from entrepot.doors.textalk.orders.rows import EMPTY, o
from entrepot.doors.textalk.orders.sums import amount, totals_of
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.tables.carts import cart_lines
from entrepot.store.tables.catalogue import products, variants
from entrepot.store.tables.orders import order_lines


def _of_product(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    of_line = [
        *rows.beside(products.c.workspace, cart_lines.c.workspace),
        products.c.id == cart_lines.c.product_id,
    ]
    return sa.select(value).where(*of_line).correlate(cart_lines).scalar_subquery()


def _of_variant(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    of_line = [
        *rows.beside(variants.c.workspace, cart_lines.c.workspace),
        variants.c.id == cart_lines.c.variant_id,
    ]
    return sa.select(value).where(*of_line).correlate(cart_lines).scalar_subquery()


# One table in each half, as in `rows`: what a line of a cart is called is looked up for the rows that are shown.
_wished: Final = sa.select(
    cart_lines.c.workspace,
    cart_lines.c.id,
    cart_lines.c.cart.label("order"),
    cart_lines.c.no,
    cart_lines.c.product_id.label("article"),
    sa.func.coalesce(_of_variant(variants.c.sku), sa.literal("", sa.Text)).label("sku"),
    sa.func.coalesce(_of_product(products.c.name), sa.literal("", sa.Text)).label("name"),
    _of_product(products.c.names).label("names"),
    cart_lines.c.quantity,
    sa.func.coalesce(_of_variant(variants.c.scale), 0).label("scale"),
    cart_lines.c.choices,
).select_from(cart_lines)
_ordered: Final = sa.select(
    order_lines.c.workspace,
    order_lines.c.id,
    order_lines.c.order,
    order_lines.c.no,
    order_lines.c.product_id.label("article"),
    order_lines.c.sku,
    order_lines.c.name,
    sa.cast(sa.null(), JSONB).label("names"),
    order_lines.c.quantity,
    order_lines.c.scale,
    sa.func.coalesce(order_lines.c.data["choices"], EMPTY).label("choices"),
)
_LINES: Final = sa.union_all(_wished, _ordered).subquery("i")
i: Final = _LINES.c
_ROWS: Final = _LINES.join(rows.ROWS, sa.and_(o.workspace == i.workspace, o.id == i.order))

_STORED: Final = """
select l.id, o.currency, l.data::text, l.amount, l.price, l.quantity, l.tax,
  coalesce(o.data ->> 'language', ''), coalesce(o.data -> 'codes', '[]')::text
from unnest((select $2::bigint[])) k(uid)
join order_lines l on l.workspace = $1 and l.id = k.uid
join orders o on o.workspace = $1 and o.id = l."order"
"""
_CARTS_OF: Final = """
select id, cart from unnest((select $2::bigint[])) k(uid) join cart_lines on workspace = $1 and id = k.uid
"""


class DiscountName(msgspec.Struct, frozen=True):
    """A discount that took something off, and the code by which the buyer knows it."""

    target: int
    code: str


class Cost(msgspec.Struct, frozen=True):
    """What a line costs: a whole unit before discounts, all of it after them."""

    currency: str
    unit: Amount
    total: Amount
    discount: Amount
    vat_rate: int | None
    language: str = ""
    codes: tuple[DiscountName, ...] = ()


async def _costs_of(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> dict[int, Cost]:
    """The costs of lines of carts and orders."""
    shop = context.shop
    found = {
        row[0]: _stored(tuple(row)) for row in await snapshot.fetch(_STORED, [shop.workspace, list(uids)])
    }
    wished = [uid for uid in uids if uid not in found]
    if not wished:
        return found
    rows_ = await snapshot.fetch(_CARTS_OF, [shop.workspace, wished])
    for cart, totals in (await totals_of(snapshot, context, list({row[1] for row in rows_}))).values():
        for line in totals.lines:
            if line.line.id in wished:
                found[line.line.id] = _wished_cost(cart, totals, line)
    return found


def _wished_cost(cart: Cart, totals: Totals, line: LineTotal) -> Cost:
    named = tuple(
        DiscountName(entry.code.target, entry.code.code)
        for entry in totals.codes
        if entry.code.kind == "discount" and entry.amount
    )
    costs = (line.unit, line.total, line.discount, line.vat_rate)
    return Cost(cart.currency, *costs, cart.language, named)


def _stored(row: tuple[Any, ...]) -> Cost:
    _, currency, data, whole, price, quantity, tax, language, codes = row
    known = msgspec.json.decode(data)
    ex = price * quantity if whole is None else whole
    return Cost(
        currency,
        _known(known.get("unit"), Amount(price, price)),
        Amount(ex, ex + tax),
        _known(known.get("discount"), Amount()),
        known.get("vat_rate"),
        language,
        tuple(
            DiscountName(code["target"], code["code"])
            for code in msgspec.json.decode(codes)
            if code["kind"] == "discount" and code["amount"]
        ),
    )


def _known(stored: Any, otherwise: Amount) -> Amount:
    return otherwise if stored is None else msgspec.convert(stored, Amount)


async def _costs(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> Mapping[Any, Json]:
    found = await _costs_of(snapshot, context, uids)
    return {uid: _shown_cost(cost) for uid, cost in found.items()}


def _shown_cost(cost: Cost) -> dict[str, Json]:
    return {
        "unit": amount(cost.unit, cost.currency, cost.vat_rate),
        "total": amount(cost.total, cost.currency, cost.vat_rate),
    }


def costs_in(cart: Cart, totals: Totals, line: CartLine) -> dict[str, Json]:
    """`costs` of a line of a cart, given what the cart comes to."""
    own = next(each for each in totals.lines if each.line.no == line.no)
    return {"costs": _shown_cost(_wished_cost(cart, totals, own))}


async def _discounts(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> Mapping[Any, Json]:
    """What discounts take off the line, if anything."""
    found = {
        uid: cost for uid, cost in (await _costs_of(snapshot, context, uids)).items() if cost.discount.inc
    }
    asked = list({name.target for cost in found.values() for name in cost.codes[:1]})
    rows_ = await snapshot.fetch(_NAMES, [context.shop.workspace, asked]) if asked else ()
    names = {row[0]: msgspec.json.decode(row[1]) for row in rows_}
    return {
        uid: {**amount(cost.discount, cost.currency, cost.vat_rate), **_first(cost, names)}
        for uid, cost in found.items()
    }


_NAMES: Final = "select id, name::text from discounts where workspace = $1 and id = any($2::bigint[])"


def _first(cost: Cost, names: Mapping[int, Mapping[str, str]]) -> dict[str, Json]:
    """The discount that was given first, by its uid and its name, which is the code where it has no other."""
    if not cost.codes:
        return {"discount": None, "name": ""}
    first = cost.codes[0]
    return {"discount": first.target, "name": names.get(first.target, {}).get(cost.language) or first.code}


_KINDS: Final = """
select c.id::text, c.kind from unnest((select $2::bigint[])) k(id)
join article_choices c on c.workspace = $1 and c.id = k.id
"""


async def _choices(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> Mapping[Any, Json]:
    """What the buyer chose, and how many: chosen numbers are kept in ten-thousandths."""
    shop = context.shop
    found = await snapshot.fetch(_CHOSEN, [shop.workspace, list(uids)])
    chosen = {row[0]: (msgspec.json.decode(row[1]), row[2], row[3]) for row in found}
    asked = {int(choice) for answers, _, _ in chosen.values() for choice in answers}
    found = await snapshot.fetch(_KINDS, [shop.workspace, list(asked)]) if asked else ()
    kinds = {str(row[0]): str(row[1]) for row in found}
    return {
        uid: {**_shown(answers, kinds), "quantity": f.scaled(quantity, scale)}
        for uid, (answers, quantity, scale) in chosen.items()
    }


_CHOSEN: Final = """
select l.id, l.choices::text, l.quantity, coalesce(v.scale, 0)
from unnest((select $2::bigint[])) k(uid) join cart_lines l on l.workspace = $1 and l.id = k.uid
left join variants v on v.workspace = $1 and v.id = l.variant_id
union all
select l.id, coalesce(l.data -> 'choices', '{}')::text, l.quantity, l.scale
from unnest((select $2::bigint[])) k(uid) join order_lines l on l.workspace = $1 and l.id = k.uid
"""


def _shown(answers: Mapping[str, int | str], kinds: Mapping[str, str]) -> dict[str, Json]:
    """Options go by their uids as texts (decision textalk OrderItem)."""
    return {choice: _answer(answer, kinds.get(choice)) for choice, answer in answers.items()}


def _answer(answer: int | str, kind: str | None) -> Json:
    if kind == "number":
        return f.plain(Decimal(answer) / PARTS)
    return str(answer) if kind == "enum" else answer


_CHOICES: Final = shapes.Mapped(keys="^([0-9]{1,16}|quantity)$", values=shapes.Free())


def _visible(audience: Audience) -> sa.ColumnElement[bool]:
    """Those of visible carts and orders; a line of another door's cart has no uid, and is none of this class."""
    return sa.and_(i.id.is_not(None), rows.visible(audience))


ORDER_ITEM: Final = ClassDecl(
    name="OrderItem",
    summary="A quantity of an article in a cart or order; only Order.addArticle makes one",
    rows=_ROWS,
    workspace=i.workspace,
    uid=i.id,
    operations={
        Operation.GET: Audience.ANONYMOUS,
        Operation.LIST: Audience.ANONYMOUS,
        Operation.COUNT: Audience.ANONYMOUS,
        Operation.GET_SCHEMA: Audience.ANONYMOUS,
        Operation.SET: Audience.ANONYMOUS,
        Operation.DELETE: Audience.ANONYMOUS,
    },
    visible=_visible,
    few=True,
    fields=(
        f.uid(i.id),
        f.shown("order", shapes.reference("Order"), i.order),
        f.shown("article", shapes.reference("Article", nullable=True), i.article),
        f.shown("articleNumber", shapes.string(), i.sku),
        f.shown(
            "articleName",
            shapes.string(),
            sa.func.coalesce(i.names.op("->>", return_type=sa.Text())(o.language), i.name, type_=sa.Text),
        ),
        f.shown("download", shapes.string(2000, nullable=True), sa.cast(sa.null(), sa.Text)),
        Field(name="choices", shape=_CHOICES, source=_choices, write=Audience.ANONYMOUS),
        Field(name="costs", shape=shapes.Record(properties={"unit": AMOUNT, "total": AMOUNT}), source=_costs),
        Field(
            name="discountInfo",
            shape=shapes.Record(
                properties={
                    **AMOUNT.properties,
                    "discount": shapes.integer(0, nullable=True),
                    "name": shapes.string(),
                },
                nullable=True,
            ),
            source=_discounts,
        ),
    ),
)
