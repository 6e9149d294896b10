"""Carts and placed orders as one class of rows: a placed cart keeps its uid (decision textalk second reading 8).

PostgreSQL looks a union up by the keys of what it is joined to, and stops at a limit, only if each half is a single
table without conditions of its own and their columns are of the same types. So what a row must fulfil is the column
`standing`, and every word is cast to text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from entrepot.doors.textalk.articles.rows import array_of
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare.declaration import Caller
from entrepot.store.tables.carts import cart_lines, carts
from entrepot.store.tables.orders import order_lines, order_parts, orders, payments

EMPTY: Final = sa.cast(sa.literal("{}", sa.Text), JSONB)


def _null(kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.null(), kind)


def _number(name: str) -> sa.ColumnElement[Any]:
    """A number of an order's data; the name stands in the text, as in the index over the session."""
    member = orders.c.data.op("->>", return_type=sa.Text())(sa.literal_column(f"'{name}'"))
    return sa.cast(member, sa.BigInteger)


def _word(word: str) -> sa.ColumnElement[str]:
    return sa.cast(sa.literal(word, sa.Text), sa.Text)


def _moment(name: str) -> sa.ColumnElement[Any]:
    return sa.cast(orders.c.data[name].astext, sa.DateTime(timezone=True))


def _pairs(**values: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    flat = [part for name, value in values.items() for part in (sa.literal(name, sa.Text), value)]
    return sa.func.jsonb_build_object(*flat, type_=JSONB)


def _buyer() -> sa.ColumnElement[Any]:
    """Who an order is for; one that another door took says it in that door's fewer words."""
    to, person = orders.c.ship_to, orders.c.person
    address = _pairs(
        firstName=to["first_name"].astext,
        lastName=to["last_name"].astext,
        address=to["address1"].astext,
        address2=to["address2"].astext,
        postcode=to["zip"].astext,
        town=to["city"].astext,
        country=to["country"].astext,
        state=to["province"].astext,
        phoneMobile=to["phone"].astext,
    )
    plain = _pairs(address=address, info=_pairs(email=person["email"].astext))
    return sa.func.coalesce(orders.c.data["buyer"], plain, type_=JSONB)


def units(counted: sa.ColumnElement[int], where: Sequence[sa.ColumnElement[bool]]) -> sa.ColumnElement[Any]:
    """How many units the lines have that fulfil this."""
    return sa.func.coalesce(sa.select(sa.func.sum(counted)).where(*where).scalar_subquery(), 0)


def delivery_status(*of: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    """Whether of these lines everything was sent that was not cancelled; what came back since was sent too."""
    counts = order_lines.c
    left = counts.shipped + counts.delivered + counts.return_initiated + counts.returned
    # Sums and not `exists`, which PostgreSQL may answer from a table of all lines of the shop.
    waiting = units(counts.new + counts.acknowledged, of) > 0
    sent = units(left, of) > 0
    return sa.case((sa.and_(sa.not_(waiting), sent), _word("sent")), else_=_word("unsent"))


def beside(inner: sa.ColumnElement[int], outer: sa.ColumnElement[int]) -> tuple[sa.ColumnElement[bool], ...]:
    """That rows of a subquery are of the caller's workspace, as is the row around it; given the column of each.

    Said of both: once a condition rules out one half of the union, Citus no longer sees that the other half is of one
    workspace, and asks every shard for its rows; then the subquery must be of the same shard.
    """
    return inner == Caller.WORKSPACE, inner == outer


_OF_ORDER: Final = (*beside(order_lines.c.workspace, orders.c.workspace), order_lines.c.order == orders.c.id)


GIVEN_BACK: Final = ("partially_refunded", "refunded")


def _payment_status() -> sa.ColumnElement[Any]:
    """Money that was given back had been paid (decision textalk item 29)."""
    state = orders.c.payment_state
    given_back = sa.or_(*(state == word for word in GIVEN_BACK))
    return sa.case((given_back, _word("paid")), else_=orders.c.payment_state)


_CARTS: Final = sa.select(
    carts.c.workspace,
    carts.c.id,
    carts.c.channel,
    sa.false().label("placed"),
    (carts.c.expires_at > Caller.NOW).label("standing"),
    carts.c.session,
    carts.c.customer,
    carts.c.currency,
    carts.c.language,
    carts.c.vat_country,
    carts.c.buyer,
    carts.c.delivery_method,
    carts.c.note,
    carts.c.created_at,
    carts.c.changed_at,
    _null(sa.DateTime(timezone=True)).label("ordered_at"),
    sa.literal_column("'-infinity'::timestamptz", sa.DateTime(timezone=True)).label("ordered_last"),
    sa.false().label("discarded"),
    _word("unpaid").label("payment_status"),
    _word("unsent").label("delivery_status"),
    carts.c.codes,
    sa.cast(sa.literal("[]", sa.Text), JSONB).label("tags"),
    _null(sa.Text()).label("external_number"),
)

_ORDERS: Final = sa.select(
    orders.c.workspace,
    orders.c.id,
    orders.c.channel,
    sa.true().label("placed"),
    sa.and_(orders.c.environment == Caller.ENVIRONMENT, orders.c.deleted_at.is_(None)).label("standing"),
    _number("session").label("session"),
    orders.c.customer,
    orders.c.currency,
    sa.func.coalesce(orders.c.data["language"].astext, Caller.LANGUAGE).label("language"),
    orders.c.data["vat_country"].astext.label("vat_country"),
    _buyer().label("buyer"),
    _number("delivery_method").label("delivery_method"),
    orders.c.note,
    sa.func.coalesce(_moment("created_at"), orders.c.placed_at).label("created_at"),
    orders.c.changed_at,
    orders.c.placed_at.label("ordered_at"),
    orders.c.placed_at.label("ordered_last"),
    (orders.c.state == "cancelled").label("discarded"),
    _payment_status().label("payment_status"),
    delivery_status(*_OF_ORDER).label("delivery_status"),
    sa.func.coalesce(orders.c.data["codes"], sa.cast(sa.literal("[]", sa.Text), JSONB)).label("codes"),
    sa.func.coalesce(orders.c.data["tags"], sa.cast(sa.literal("[]", sa.Text), JSONB)).label("tags"),
    orders.c.data["external_number"].astext.label("external_number"),
)

ROWS: Final = sa.union_all(_CARTS, _ORDERS).subquery("o")
o: Final = ROWS.c


def visible(audience: Audience) -> sa.ColumnElement[bool]:
    """A cart is its session's alone; a placed order the shop's and its customer's (decision textalk item 30).

    An order without a customer is the session's that placed it; who logs out leaves the others behind.
    """
    here = o.channel == Caller.CHANNEL
    if audience is Audience.ADMIN:
        seen = sa.or_(here, Caller.SEES)
        return sa.and_(o.standing, sa.or_(sa.and_(o.placed, seen), sa.and_(here, o.session.is_(None))))
    own = sa.and_(o.session == Caller.SESSION, sa.or_(sa.not_(o.placed), o.customer.is_(None)))
    return sa.and_(o.standing, here, sa.or_(own, sa.and_(o.placed, o.customer == Caller.CUSTOMER)))


def items() -> sa.ColumnElement[Any]:
    """The uids of the items."""
    placed = sa.select(order_lines.c.id).where(
        *beside(order_lines.c.workspace, o.workspace), order_lines.c.order == o.id
    )
    wished = sa.select(cart_lines.c.id).where(
        *beside(cart_lines.c.workspace, o.workspace), cart_lines.c.cart == o.id
    )
    of_order = array_of(placed.order_by(order_lines.c.no), ROWS)
    of_cart = array_of(wished.order_by(cart_lines.c.no), ROWS)
    return sa.case((o.placed, of_order), else_=of_cart)


def payments_of() -> sa.ColumnElement[Any]:
    """The uids of the payments."""
    rows = sa.select(payments.c.id).where(
        *beside(payments.c.workspace, o.workspace), payments.c.order == o.id
    )
    return array_of(rows.order_by(payments.c.no), ROWS)


def suborders() -> sa.ColumnElement[Any]:
    """The uids of the parts."""
    rows = sa.select(part_uid()).where(
        *beside(order_parts.c.workspace, o.workspace), order_parts.c.order == o.id
    )
    return array_of(rows.order_by(order_parts.c.no), ROWS)


def part_uid() -> sa.ColumnElement[int]:
    """A part's uid, written as in the index over it."""
    return order_parts.c.order * sa.literal_column(str(PART_FACTOR), sa.BigInteger) + order_parts.c.no


PART_FACTOR: Final = 1_000
"""A part has no id of its own: its uid is its order's times this, and its number in the order."""
