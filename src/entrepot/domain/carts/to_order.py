"""The order that a cart becomes: lines, parts and payments from its totals, ready to exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from entrepot.domain.carts.records import Cart
from entrepot.domain.carts.totals import CodeTotal, LineTotal, Totals, buyer_names, planned_payment
from entrepot.domain.catalogue.products import Merchant, Product
from entrepot.domain.channels.accounts import Channel
from entrepot.domain.customers.records import Buyer
from entrepot.domain.kernel.commands import Ids
from entrepot.domain.kernel.records import View
from entrepot.domain.orders.payments import Payment
from entrepot.domain.orders.records import Address, Order, OrderLine, OrderPart, PaymentState, Person
from entrepot.domain.payments.methods import PaymentMethod
from entrepot.domain.placing.attempts import Draft
from entrepot.domain.placing.basket import PAYMENT_TOKEN, OutsideName
from entrepot.domain.pricing.vat import Amount

CERTIFICATE = "gift certificate"
CARD = "credit card"


def drafted(
    cart: Cart, totals: Totals, view: View, now: datetime, ids: Ids, token: str | None = None
) -> Draft:
    """The order of a cart that passed every check; `token` is the hash of the card's token."""
    parts, part_of = _parts(cart, totals, view)
    lines = tuple(_line(cart, line, part_of[line.line.no]) for line in totals.lines)
    certificates = [entry for entry in totals.codes if entry.code.kind == "certificate" and entry.amount]
    paid = _payment(cart, totals, view)
    drafted = Draft(
        _order(cart, totals, lines, now),
        parts,
        lines,
        payments=(
            *((paid,) if paid else ()),
            *(_by_certificate(cart, no, ids.next(), entry) for no, entry in enumerate(certificates, 2)),
        ),
        names=() if token is None else (OutsideName(PAYMENT_TOKEN, token),),
        discounts=tuple(entry.code.target for entry in totals.codes if entry.code.kind == "discount"),
        buyers=buyer_names(cart, view),
        cart=cart.id,
    )
    channel = view.get(Channel, cart.channel)
    return drafted.taking(channel.settings.stock if channel else "reserve")


def ship_to(buyer: Buyer) -> Address:
    """Where the goods go, as every door's orders say it."""
    own, other = buyer.address, buyer.delivery_address
    where = own if other.copy_address else other
    return Address(
        first_name=own.first_name,
        last_name=own.last_name,
        address1=where.address,
        city=where.town,
        country=where.country,
        zip=where.postcode,
        address2=where.address2 or None,
        province=where.state or None,
        name=None if other.copy_address else other.name or None,
        phone=own.phone_mobile or own.phone_day or own.phone_night or None,
    )


def _parts(cart: Cart, totals: Totals, view: View) -> tuple[tuple[OrderPart, ...], dict[int, int]]:
    """One part per merchant, in the order in which they first appear; delivery stands on the first."""
    merchants: dict[str | None, int] = {}
    part_of: dict[int, int] = {}
    for line in totals.lines:
        ref = line.product.merchant if line.product else None
        part_of[line.line.no] = merchants.setdefault(ref, len(merchants) + 1)
    label = _text(totals.delivery_method.name, cart.language) if totals.delivery_method else ""
    return tuple(
        _part(cart.id, no, ref, totals.delivery, label, view) for ref, no in merchants.items()
    ), part_of


def _part(order: int, no: int, ref: str | None, delivery: Amount, label: str, view: View) -> OrderPart:
    merchant = view.get(Merchant, ref) if ref else None
    cost = delivery if no == 1 else Amount()
    return OrderPart(
        order,
        no,
        merchant.id if merchant else None,
        merchant.name if merchant else "",
        None,
        cost.ex,
        cost.vat,
        label,
    )


def _line(cart: Cart, line: LineTotal, part: int) -> OrderLine:
    product, variant = line.product, line.variant
    if product is None or variant is None:
        raise LookupError(f"line {line.line.no} of cart {cart.id} was checked and yet is not there")
    return OrderLine(
        order=cart.id,
        no=line.line.no,
        id=line.line.id or 0,
        part=part,
        product=product.uuid,
        product_id=product.id,
        variant=variant.id,
        sku=variant.sku,
        name=name_in(product, cart.language),
        price=line.unit.ex,
        quantity=line.line.quantity,
        tax=line.total.vat,
        duties=0,
        requires_shipping=product.requires_shipping,
        tracked=variant.tracked,
        new=line.line.quantity,
        scale=variant.scale,
        amount=line.total.ex,
        data=_line_data(line),
    )


def _line_data(line: LineTotal) -> dict[str, Any]:
    """What the amounts of a line came of; the buyer's choices."""
    return {
        "choices": line.line.choices,
        "vat_rate": line.vat_rate,
        "unit": msgspec.to_builtins(line.unit),
        "discount": msgspec.to_builtins(line.discount),
    }


def _order(cart: Cart, totals: Totals, lines: Iterable[OrderLine], now: datetime) -> Order:
    buyer = cart.buyer
    person = Person(buyer.info.email, buyer.address.first_name, buyer.address.last_name)
    return Order(
        id=cart.id,
        uuid=cart.uuid,
        channel=cart.channel,
        environment=cart.environment,
        state="placed",
        reason="",
        payment_state=_payment_state(totals),
        currency=cart.currency,
        person=person,
        ship_to=ship_to(buyer),
        goods=totals.goods.ex,
        goods_tax=sum(line.tax for line in lines),
        shipping=totals.delivery.ex,
        shipping_tax=totals.delivery.vat,
        duties=0,
        total=totals.total.inc,
        external_id=None,
        payment_method=totals.method.type if totals.method else CERTIFICATE if totals.certificates else "",
        payment_description=None,
        note=cart.note,
        placed_at=now,
        changed_at=now,
        version=1,
        events=1,
        data=_order_data(cart, totals),
        customer=cart.customer,
        fee=totals.fee.ex,
        fee_tax=totals.fee.vat,
        rounding=totals.rounding,
    )


def _order_data(cart: Cart, totals: Totals) -> dict[str, Any]:
    """What the order keeps of its cart and of how its amounts came about."""
    method, delivery = totals.method, totals.delivery_method
    return {
        "session": cart.session,
        "language": cart.language,
        "vat_country": totals.country,
        "buyer": msgspec.to_builtins(cart.buyer),
        "created_at": cart.created_at.isoformat(),
        "delivery_method": delivery.id if delivery else None,
        "delivery_vat_rate": totals.delivery_vat_rate,
        "payment_method": method.id if method else None,
        "fee_vat_rate": totals.fee_vat_rate,
        "discount": msgspec.to_builtins(totals.discount),
        "codes": [{**msgspec.to_builtins(entry.code), "amount": entry.amount} for entry in totals.codes],
        "cart": cart.data,
    }


def _payment_state(totals: Totals) -> PaymentState:
    """Paid where nothing is left to pay; a card is charged, or the money reserved, before the order exists."""
    return "paid" if totals.due <= 0 or totals.method is None else _state_by(totals.method)


def _state_by(method: PaymentMethod) -> Literal["unpaid", "reserved", "paid"]:
    """How a payment by this method stands once the order exists."""
    if method.provider == "manual":
        return "unpaid"
    return "reserved" if method.capture == "later" else "paid"


def _payment(cart: Cart, totals: Totals, view: View) -> Payment | None:
    """The planned payment as it stands once the order exists; None where nothing is left to pay."""
    planned = planned_payment(cart, view)
    if totals.due <= 0 or planned is None or totals.method is None:
        return None
    state = _state_by(totals.method)
    return msgspec.structs.replace(planned, state=state, amount=totals.due, currency=cart.currency)


def _by_certificate(cart: Cart, no: int, number: int, spent: CodeTotal) -> Payment:
    return Payment(
        order=cart.id,
        no=no,
        id=number,
        kind="certificate",
        method=CERTIFICATE,
        state="paid",
        amount=spent.amount,
        currency=cart.currency,
        refunded=0,
        reference=None,
        reported=None,
        method_id=spent.code.target,
    )


def name_in(product: Product, language: str) -> str:
    """The product's name in a language, as far as it has one."""
    return _text(product.names, language) or product.name


def _text(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
