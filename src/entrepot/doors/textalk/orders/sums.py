"""What carts and orders cost: a cart is added up by the rule by which checkout places it, an order says it itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from entrepot.domain.carts.command import ShoppingCommand
from entrepot.domain.carts.records import Cart
from entrepot.domain.carts.totals import Totals, total
from entrepot.domain.kernel.money import to_major
from entrepot.domain.kernel.records import View
from entrepot.domain.pricing.vat import Amount
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import Snapshot
from entrepot.doors.textalk.declare.fields import fraction, plain
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.batches.readers import PlainReader
from entrepot.store.batches.stages import load


class TotalsReading(ShoppingCommand, frozen=True, kw_only=True):
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


_ORDERED: Final = """
select id, currency, goods, goods_tax, shipping, shipping_tax, fee, fee_tax, rounding, total, duties, data::text,
  total - coalesce((
    select sum(amount)::bigint from payments p
    where p.workspace = $1 and p."order" = orders.id and p.state in ('reserved', 'paid')
  ), 0)
from unnest($2::bigint[]) k(uid) join orders on workspace = $1 and id = k.uid
"""


class Sum(msgspec.Struct, frozen=True):
    """What a cart or order comes to, by what it is for; `due` is what nobody has paid or reserved yet."""

    currency: str
    total: Amount
    items: Amount
    shipment: Amount
    payment: Amount
    discount: Amount
    rounding: int
    due: int


async def sums_of(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> dict[int, Sum]:
    """The sums of carts and orders."""
    rows = await snapshot.fetch(_ORDERED, [context.shop.workspace, list(uids)])
    sums = {row[0]: _of_order(tuple(row)) for row in rows}
    carts = [uid for uid in uids if uid not in sums]
    for uid, (cart, totals) in (await totals_of(snapshot, context, carts)).items() if carts else ():
        sums[uid] = Sum(
            cart.currency,
            totals.total,
            totals.goods,
            totals.delivery,
            totals.fee,
            totals.discount,
            totals.rounding,
            totals.due,
        )
    return sums


def _of_order(row: tuple[Any, ...]) -> Sum:
    _, currency, goods, tax, shipping, shipping_tax, fee, fee_tax, rounding, whole, duties, data, due = row
    discount: dict[str, int] = msgspec.json.decode(data).get("discount") or {}
    paid = Amount(goods + shipping + fee + rounding + duties, whole)
    return Sum(
        currency,
        paid,
        Amount(goods, goods + tax),
        Amount(shipping, shipping + shipping_tax),
        Amount(fee, fee + fee_tax),
        Amount(discount.get("ex", 0), discount.get("inc", 0)),
        rounding,
        due,
    )


async def total_costs(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> Mapping[Any, Json]:
    """`totalcost` of each order."""
    sums = await sums_of(snapshot, context, uids)
    return {uid: amount(each.total, each.currency) for uid, each in sums.items()}


async def has_vat(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> Mapping[Any, Json]:
    """Whether there is VAT in what each order comes to."""
    return {uid: each.total.vat != 0 for uid, each in (await sums_of(snapshot, context, uids)).items()}


async def costs(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> Mapping[Any, Json]:
    """`costs` of each order: what the total is made of."""
    sums = await sums_of(snapshot, context, uids)
    return {uid: _costs(each) for uid, each in sums.items()}


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
    return {**{name: amount(part, sums.currency) for name, part in parts.items()}, **rounded}


def amount(value: Amount, currency: str, rate: int | None = None) -> dict[str, Json]:
    """An amount in wire form; the rate is that of the VAT in it, exact where it is one rate (section 8, item 16)."""
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
