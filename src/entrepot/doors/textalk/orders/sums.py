"""What carts and orders cost: a cart is added up by the rule by which checkout places it, an order says it itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from entrepot.domain.carts.command import CartCommand
from entrepot.domain.carts.look import sight_of
from entrepot.domain.carts.records import Cart
from entrepot.domain.carts.totals import Totals, total
from entrepot.domain.kernel.money import to_major
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.owed import due
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.domain.pricing.vat import Amount
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import Snapshot
from entrepot.doors.textalk.declare.fields import fraction, plain
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.batches.readers import PlainReader
from entrepot.store.batches.stages import bring, load


class TotalsReading(CartCommand, frozen=True, kw_only=True):
    """Asks for all that the totals of a cart look at."""

    adds_up = True


class _Reading:
    """A snapshot as loaders use a connection."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        return await self._snapshot.fetch(query, args)


async def totals_of(
    snapshot: Snapshot, context: Context, uids: Sequence[int]
) -> dict[int, tuple[Cart, Totals]]:
    """The carts among these uids, each with what it comes to."""
    shop, view = context.shop, View(context.shop.workspace)
    looks = [TotalsReading(channel=shop.channel, environment=shop.environment, cart=uid) for uid in uids]
    await load(PlainReader(_Reading(snapshot), shop.workspace), looks, view)
    found = {uid: cart for uid in uids if (cart := view.get(Cart, uid)) is not None}
    return {uid: (cart, total(cart, view)) for uid, cart in found.items() if cart.channel == shop.channel}


async def placed_orders(snapshot: Snapshot, context: Context, uids: Sequence[int]) -> View:
    """The orders with what they cost and what was paid, as the rules on them read it."""
    view = View(context.shop.workspace)
    if uids:
        await bring(PlainReader(_Reading(snapshot), context.shop.workspace), {Stage.ORDER: list(uids)}, view)
    return view


_PLACED: Final = (
    "select id from unnest((select $2::bigint[])) k(uid) join orders on workspace = $1 and id = k.uid"
)


class Taxed(msgspec.Struct, frozen=True):
    """An amount, and the rate of the VAT in it in millionths; None where rates are mixed, or not known."""

    amount: Amount
    rate: int | None


class Sum(msgspec.Struct, frozen=True):
    """What a cart or order comes to, by what it is for; `due` is what nobody has paid or reserved yet."""

    currency: str
    total: Taxed
    items: Taxed
    shipment: Taxed
    payment: Taxed
    discount: Taxed
    rounding: int
    due: int


class _Line(msgspec.Struct, frozen=True):
    """The rate of a line, what it costs and what discounts take off it."""

    rate: int | None
    total: int
    discount: int


async def sums_of(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> dict[int, Sum]:
    """The sums of carts and orders."""
    known = [row[0] for row in await snapshot.fetch(_PLACED, [context.shop.workspace, list(uids)])]
    placed = await placed_orders(snapshot, context, known)
    orders = {uid: order for uid in known if (order := placed.get(Order, uid)) is not None}
    sums = {
        uid: sum_of_order(order, placed.children(OrderLine, uid), due(order, placed))
        for uid, order in orders.items()
    }
    carts = [uid for uid in uids if uid not in sums]
    found = await totals_of(snapshot, context, carts) if carts else {}
    for uid, (cart, totals) in found.items():
        sums[uid] = sum_of_cart(cart, totals)
    look(context, found)
    return sums


def look(context: Context, found: Mapping[int, tuple[Cart, Totals]]) -> None:
    """Note that the answer shows what a cart comes to.

    Who looks at several at once, an administrator, looks at them for nobody who is about to pay.
    """
    if len(found) == 1:
        context.seen.extend(sight for each in found.values() if (sight := sight_of(*each)))


def sum_of_cart(cart: Cart, totals: Totals) -> Sum:
    """The sum of a cart."""
    lines = [_Line(line.vat_rate, line.total.inc, line.discount.inc) for line in totals.lines]
    shipment, payment = (
        Taxed(totals.delivery, totals.delivery_vat_rate),
        Taxed(totals.fee, totals.fee_vat_rate),
    )
    return _sum(
        cart.currency,
        totals.total,
        totals.goods,
        shipment,
        payment,
        totals.discount,
        lines,
        totals.rounding,
        totals.due,
    )


def sum_of_order(order: Order, lines: Sequence[OrderLine], due: int) -> Sum:
    """The sum of an order with these lines, of which so much is due."""
    discount: dict[str, int] = order.data.get("discount") or {}
    shipping, fee = order.shipping, order.fee
    before = order.goods + shipping + fee + order.rounding + order.duties
    return _sum(
        order.currency,
        Amount(before, order.total),
        Amount(order.goods, order.goods + order.goods_tax),
        Taxed(Amount(shipping, shipping + order.shipping_tax), order.data.get("delivery_vat_rate")),
        Taxed(Amount(fee, fee + order.fee_tax), order.data.get("fee_vat_rate")),
        Amount(discount.get("ex", 0), discount.get("inc", 0)),
        [_line_of(line) for line in lines],
        order.rounding,
        due,
    )


def _line_of(line: OrderLine) -> _Line:
    discount: dict[str, int] = line.data.get("discount") or {}
    return _Line(line.data.get("vat_rate"), line.goods + line.tax, discount.get("inc", 0))


def _sum(
    currency: str,
    total: Amount,
    goods: Amount,
    shipment: Taxed,
    payment: Taxed,
    discount: Amount,
    lines: Sequence[_Line],
    rounding: int,
    due: int,
) -> Sum:
    """What costs nothing has no part in the rate of a sum; rounding bears no VAT."""
    rates = [line.rate for line in lines if line.total]
    others = [each.rate for each in (shipment, payment) if each.amount.inc]
    return Sum(
        currency,
        Taxed(total, _one([*rates, *others])),
        Taxed(goods, _one(rates)),
        shipment,
        payment,
        Taxed(discount, _one([line.rate for line in lines if line.discount])),
        rounding,
        due,
    )


def _one(rates: Sequence[int | None]) -> int | None:
    """The rate that they all are."""
    return rates[0] if rates and all(rate == rates[0] for rate in rates) else None


def _total(found: Sum) -> Json:
    return amount(found.total.amount, found.currency, found.total.rate)


def _has_vat(found: Sum) -> Json:
    return found.total.amount.vat != 0


def _costs(sums: Sum) -> dict[str, Json]:
    parts = {
        "cart": sums.items,
        "shipment": sums.shipment,
        "payment": sums.payment,
        "discount": sums.discount,
        "total": sums.total,
    }
    rounded: dict[str, Json] = {
        "rounding": to_major(sums.rounding, sums.currency),
        "due": to_major(sums.due, sums.currency),
    }
    shown = {name: amount(part.amount, sums.currency, part.rate) for name, part in parts.items()}
    return {**shown, **rounded}


SHOWN: Final[Mapping[str, Callable[[Sum], Json]]] = {
    "totalcost": _total,
    "hasVat": _has_vat,
    "costs": _costs,
}
"""The properties that say what a cart or order comes to."""


async def sums(snapshot: Snapshot, context: Context, uids: Sequence[Any], name: str) -> Mapping[Any, Json]:
    """One of these properties of each cart or order."""
    return {uid: SHOWN[name](each) for uid, each in (await sums_of(snapshot, context, uids)).items()}


def amount(value: Amount, currency: str, rate: int | None = None) -> dict[str, Json]:
    """An amount in wire form; the rate is that of the VAT in it (decision textalk item 16).

    It is the rate itself, never what rounded sums make of it; None stands for several, which have a quotient.
    """
    shown = fraction(rate) if rate is not None else _effective(value)
    return {
        "incVat": to_major(value.inc, currency),
        "exVat": to_major(value.ex, currency),
        "vat": to_major(value.vat, currency),
        "vatRate": shown,
        "currency": currency,
    }


def _effective(value: Amount) -> Json:
    """The rate that several rates come to, in four decimals."""
    return plain((Decimal(value.vat) / value.ex).quantize(Decimal("0.0001"))) if value.ex else 0
