"""The values of articles as SQL: products with their first variant, prices, stock, choices and further variants."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from entrepot.doors.textalk.declare.declaration import Caller
from entrepot.store.tables.articles import article_choice_options, product_choices
from entrepot.store.tables.catalogue import on_sale, prices, products, variants
from entrepot.store.tables.orders import order_lines, orders
from entrepot.store.tables.stock import stock

base: Final = variants.alias("base")
ROWS: Final = products.join(
    base,
    sa.and_(base.c.workspace == products.c.workspace, base.c.product == products.c.id, base.c.position == 0),
)


def price() -> sa.ColumnElement[Any]:
    """What an article costs, by currency in minor units: a price that is compared to a higher one is an offer."""
    amount, before = prices.c.amount, prices.c.compare_at
    by = sa.func.jsonb_object_agg
    offers = by(prices.c.currency, amount).filter(before.is_not(None))
    return (
        sa.select(
            sa.func.jsonb_build_object(
                "current",
                sa.func.coalesce(by(prices.c.currency, amount), _EMPTY),
                "regular",
                sa.func.coalesce(by(prices.c.currency, sa.func.coalesce(before, amount)), _EMPTY),
                "specialOffer",
                sa.func.coalesce(offers, _EMPTY),
                type_=JSONB,
            )
        )
        .where(prices.c.workspace == Caller.WORKSPACE, prices.c.variant == base.c.id, amount.is_not(None))
        .scalar_subquery()
    )


_EMPTY: Final = sa.cast(sa.literal("{}", sa.Text), JSONB)
NO_OPTIONS: Final = _EMPTY
"""What defines the variant that is had without choosing anything."""
_NONE: Final = sa.cast(sa.literal("[]", sa.Text), JSONB)


def free(of: Any) -> sa.ColumnElement[Any]:
    """The units of a variant that can be promised, in whole units."""
    units = (
        sa.select(sa.func.coalesce(sa.func.sum(stock.c.available), 0))
        .where(stock.c.workspace == Caller.WORKSPACE, stock.c.variant == of.c.id)
        .scalar_subquery()
    )
    return sa.func.trim_scale(units / sa.func.power(sa.literal(10, sa.Numeric), of.c.scale))


def variants_of() -> sa.ColumnElement[Any]:
    """The variants that a buyer means by options."""
    others = variants.alias("others")
    overrides = sa.func.jsonb_build_object(
        "articleNumber", others.c.sku, "weight", others.c.weight, "stock", free(others)
    )
    one = sa.func.jsonb_build_object(
        "uid", others.c.id, "definedBy", _texts(others.c.chosen_by), "overrides", overrides
    )
    found = sa.select(sa.func.coalesce(sa.func.jsonb_agg(one), _NONE)).where(
        others.c.workspace == Caller.WORKSPACE,
        others.c.product == products.c.id,
        others.c.chosen_by != NO_OPTIONS,
    )
    return sa.type_coerce(found.scalar_subquery(), JSONB)


def _texts(chosen_by: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Options by choice, both as texts: so do clients compare them with the names in a choice's schema."""
    each = sa.func.jsonb_each_text(chosen_by).table_valued("key", "value")
    return sa.select(sa.func.jsonb_object_agg(each.c.key, each.c.value)).select_from(each).scalar_subquery()


def sold() -> sa.ColumnElement[Any]:
    """How many whole units were ordered and not cancelled again, at every door; test orders count for nothing.

    Of what is tracked its stock knows: promised and sent. Only of what is not are the orders asked.
    """
    untracked = sa.exists(
        sa.select(sa.literal(1)).where(*_of_article(), sa.not_(variants.c.tracked)).correlate(products)
    )
    return sa.type_coerce(sa.case((untracked, _ordered()), else_=_promised_and_sent()), sa.Numeric)


def _promised_and_sent() -> sa.ColumnElement[Any]:
    units = sa.func.sum((stock.c.reserved + stock.c.shipped) / _whole(variants.c.scale))
    levels = sa.and_(stock.c.workspace == Caller.WORKSPACE, stock.c.variant == variants.c.id)
    counted = sa.select(sa.func.trim_scale(sa.func.coalesce(units, 0)))
    return counted.select_from(variants.join(stock, levels)).where(*_of_article()).scalar_subquery()


def _ordered() -> sa.ColumnElement[Any]:
    units = sa.func.sum((order_lines.c.quantity - order_lines.c.cancelled) / _whole(order_lines.c.scale))
    live = sa.exists(
        sa.select(sa.literal(1)).where(
            orders.c.workspace == Caller.WORKSPACE,
            orders.c.id == order_lines.c.order,
            orders.c.environment == "live",
        )
    )
    counted = sa.select(sa.func.trim_scale(sa.func.coalesce(units, 0)))
    of_it = (order_lines.c.workspace == Caller.WORKSPACE, order_lines.c.product_id == products.c.id)
    return counted.where(*of_it, live).scalar_subquery()


def _of_article() -> list[sa.ColumnElement[bool]]:
    return [variants.c.workspace == Caller.WORKSPACE, variants.c.product == products.c.id]


def _whole(scale: sa.ColumnElement[int]) -> sa.ColumnElement[Any]:
    """How many of the smallest units are a whole one."""
    return sa.func.power(sa.literal(10, sa.Numeric), scale)


def name_of_shop() -> sa.ColumnElement[Any]:
    """The name in the shop's own language, to sort by."""
    named = products.c.names.op("->>", return_type=sa.Text())(Caller.LANGUAGE)
    return sa.func.lower(sa.func.coalesce(named, products.c.name), type_=sa.Text)


def of_product() -> list[sa.ColumnElement[bool]]:
    """Which rows of a product's choices are an article's."""
    return [product_choices.c.workspace == Caller.WORKSPACE, product_choices.c.product == products.c.id]


def options() -> sa.ColumnElement[Any]:
    """The options on offer of each enum choice."""
    every = (
        sa.select(sa.func.jsonb_agg(article_choice_options.c.id))
        .where(
            article_choice_options.c.workspace == Caller.WORKSPACE,
            article_choice_options.c.choice == product_choices.c.choice,
        )
        .scalar_subquery()
    )
    offered = sa.func.coalesce(product_choices.c.options, every, _NONE)
    rows = sa.select(
        sa.func.coalesce(
            sa.func.jsonb_object_agg(sa.cast(product_choices.c.choice, sa.Text), offered), _EMPTY
        )
    ).where(*of_product())
    return sa.type_coerce(rows.scalar_subquery(), JSONB)


def surcharges() -> sa.ColumnElement[Any]:
    """The surcharge of each option: the article's own, else the option's."""
    option = article_choice_options
    own = product_choices.c.prices.op("->", return_type=JSONB())(sa.cast(option.c.id, sa.Text))
    rows = (
        sa.select(
            sa.func.coalesce(
                sa.func.jsonb_object_agg(
                    sa.cast(option.c.id, sa.Text), sa.func.coalesce(own, option.c.prices)
                ),
                _EMPTY,
            )
        )
        .select_from(
            product_choices.join(
                option,
                sa.and_(
                    option.c.workspace == Caller.WORKSPACE,
                    option.c.choice == product_choices.c.choice,
                ),
            )
        )
        .where(*of_product())
    )
    return sa.type_coerce(rows.scalar_subquery(), JSONB)


def choices() -> sa.ColumnElement[Any]:
    """The choices of an article in their order."""
    rows = sa.select(product_choices.c.choice).where(*of_product()).order_by(product_choices.c.position)
    return array_of(rows, products)


def array_of(rows: sa.Select[Any], of: sa.FromClause) -> sa.ColumnElement[Any]:
    """What a row of `of` leads to, as an array; of that row's alone, however deep in a filter it is asked for."""
    return sa.func.array(rows.correlate(of).scalar_subquery(), type_=ARRAY(sa.BigInteger))


def has_choices() -> sa.ColumnElement[bool]:
    """Whether there is anything to choose."""
    return sa.type_coerce(sa.exists(sa.select(product_choices.c.choice).where(*of_product())), sa.Boolean)


def stocked() -> sa.ColumnElement[Any]:
    """Whether stock is kept, and what is free of it."""
    return sa.func.jsonb_build_object("useStock", base.c.tracked, "stock", free(base), type_=JSONB)


def divisible() -> sa.ColumnElement[Any]:
    """The step in which quantities are sold."""
    step = base.c.divisible_by / sa.func.power(sa.literal(10, sa.Numeric), base.c.scale)
    return sa.func.jsonb_build_object("divisibleBy", sa.func.trim_scale(step), type_=JSONB)


def buyable() -> sa.ColumnElement[bool]:
    """Whether the article can be bought: it is on sale, and a variant that is has a price and is to be had."""
    some = variants.alias("some")
    return sa.and_(
        on_sale(products),
        sa.exists(
            sa.select(some.c.id).where(
                some.c.workspace == Caller.WORKSPACE,
                some.c.product == products.c.id,
                some.c.available,
                sa.or_(_priced(some), _priced(base)),
                _to_be_had(some),
            )
        ),
    )


def _priced(some: Any) -> sa.ColumnElement[bool]:
    return sa.exists(
        sa.select(prices.c.amount)
        .where(
            prices.c.workspace == Caller.WORKSPACE,
            prices.c.variant == some.c.id,
            prices.c.amount.is_not(None),
        )
        .correlate(some)
    )


def _to_be_had(some: Any) -> sa.ColumnElement[bool]:
    """Whether a variant has free units or needs none: no stock is kept of it, or the shop sells beyond what it has."""
    counted = sa.select(sa.literal(1)).where(
        stock.c.workspace == Caller.WORKSPACE, stock.c.variant == some.c.id
    )
    return sa.or_(
        some.c.tracked.is_(False),
        Caller.STOCK == "record",
        sa.and_(Caller.STOCK == "backorder", sa.exists(counted)),
        sa.exists(counted.where(stock.c.available > 0)),
    )


def name() -> sa.ColumnElement[Any]:
    """The name by language; a product that only has a plain one has it in the shop's own language."""
    plain = sa.func.jsonb_build_object(Caller.LANGUAGE, products.c.name)
    none = sa.cast(sa.literal("{}"), JSONB)
    return sa.func.coalesce(sa.func.nullif(products.c.names, none), plain, type_=JSONB)
