"""From checked request bodies to commands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from entrepot.domain.channels.accounts import Environment
from entrepot.domain.kernel.ids import from_cuid
from entrepot.domain.kernel.money import exponent, read_amount
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.records import Address, OrderLine, Person
from entrepot.domain.placing.basket import Basket, WantedLine, WantedPayment
from entrepot.domain.placing.draft import Existing
from entrepot.domain.placing.place import PlaceOrder, RecordPending
from entrepot.domain.placing.quote import NOWHERE
from entrepot.doors.bonsai import bodies
from entrepot.doors.bonsai.replies.placed import public_id, variant_id
from entrepot.doors.kit.checking import Faults, Kind, one
from entrepot.engine.money.order_placement import PaymentCredential
from entrepot.failures.orders import LineRef
from entrepot.store.credentials.directory import Caller, token_name
from entrepot.store.queries.own_orders import OwnOrder

_LARGEST_ID = 2**53


def currency_of(body: bodies.SubmitV1, caller: Caller) -> str:
    """The currency of a V1 submit: the shopper's, else the account's (decision bonsai U7)."""
    return body["payment"].get("currency") or caller.settings.currency


def unheld_prices(body: bodies.SubmitV1, currency: str) -> Faults:
    """The prices and amounts of a V1 submit that its currency cannot hold."""
    faults = Faults()
    if all(read_amount(amount, currency) is not None for amount in _given(body)):
        return faults
    for index, line in enumerate(body["products"]):
        price = _unheld("price", line.get("price"), currency)
        faults.extend(price.within(index).within("products"))
    return Faults((*faults, *unheld_amounts(body["payment"], currency).within("payment")))


def _given(body: bodies.SubmitV1) -> list[Decimal]:
    """Every price and amount that a V1 submit gives."""
    prices = [price for line in body["products"] if (price := line.get("price")) is not None]
    amounts = body["payment"].get("amounts")
    return [*prices, amounts["shipping"], amounts["taxes"], amounts["goods"]] if amounts else prices


def unheld_amounts(payment: bodies.Payment, currency: str) -> Faults:
    """The amounts of a payment that its currency cannot hold."""
    named = _items(amounts) if (amounts := payment.get("amounts")) else []
    return Faults(
        fault for name, amount in named for fault in _unheld(name, amount, currency).within("amounts")
    )


def _unheld(name: str, amount: Decimal | None, currency: str) -> Faults:
    if amount is None or read_amount(amount, currency) is not None:
        return Faults()
    return one(Kind.TOO_FINE, {"limit": exponent(currency), "value": amount}).within(name)


def _minor(amount: Decimal, currency: str) -> int:
    read = read_amount(amount, currency)
    if read is None:
        raise ValueError(f"an amount that {currency} cannot hold")
    return read


def place_order(body: bodies.SubmitV1, address: bodies.Address, caller: Caller) -> PlaceOrder:
    """The command of a V1 submit."""
    payment = body["payment"]
    currency = currency_of(body, caller)
    ship_to = _address(address)
    basket = Basket(
        channel=caller.channel,
        environment=environment(caller, ship_to.first_name, ship_to.last_name),
        currency=currency,
        lines=tuple(_line(line, currency) for line in body["products"]),
        ship_to=ship_to,
        payment=wanted_payment(payment, currency),
        external_id=body.get("external_order_id"),
    )
    return PlaceOrder(basket, Person(**body["customer"]), body.get("note"), _data(body, body.get("cart_id")))


def record_pending(body: bodies.SubmitV2, address: bodies.PendingAddress, caller: Caller) -> RecordPending:
    """The command of a v2 submit."""
    currency = caller.settings.currency
    customer = body["customer"]
    basket = Basket(
        channel=caller.channel,
        environment=environment(caller, address["firstName"], address["lastName"]),
        currency=currency,
        lines=tuple(_product(product) for product in body["products"]),
        ship_to=_pending_address(address),
        payment=WantedPayment(body["payment"]["method"]),
        external_id=body.get("externalOrderId"),
    )
    person = Person(customer["email"], customer.get("firstName", ""), customer.get("lastName", ""))
    return RecordPending(basket, person, body.get("note"), _data(body, body.get("cartId")))


def pay_order(body: bodies.Payment, found: OwnOrder, ship_to: Address) -> PlaceOrder:
    """The command of a v2 payment: what is left of the pending order, at prices that the account has been shown."""
    order = found.order
    basket = Basket(
        channel=order.channel,
        environment=order.environment,
        currency=order.currency,
        lines=tuple(_recorded(line) for line in found.lines if line.new),
        ship_to=ship_to,
        payment=wanted_payment(body, order.currency),
        external_id=order.external_id,
    )
    existing = Existing(order.id, order.uuid, order.version)
    return PlaceOrder(basket, order.person, order.note, order.data, existing=existing)


def proof(payment: bodies.Payment, body: object, order: str = "") -> PaymentCredential:
    """What proves the payment: a token, or for `stripe` checkout's intent (decision bonsai second reading 4).

    With it goes the whole request: its body, and the `order` that its path names.
    """
    token, said = payment["token"], (order, body)
    if payment["method"] == "stripe" and token.startswith("pi_"):
        return PaymentCredential(None, token, said)
    return PaymentCredential(token, None, said)


def checkout_basket(body: bodies.Checkout, caller: Caller) -> Basket:
    """What a checkout asks about; it names no payment, since none is checked yet."""
    currency = body.get("target_currency") or caller.settings.currency
    address = body.get("shipping_address")
    ship_to = _address(address) if address else NOWHERE
    return Basket(
        channel=caller.channel,
        environment=environment(caller, ship_to.first_name, ship_to.last_name),
        currency=currency,
        lines=tuple(_line(line, currency) for line in body["products"]),
        ship_to=ship_to,
        payment=WantedPayment(""),
    )


def asker(caller: Caller) -> Asker:
    """In whose name orders are read: a private key reads test and live orders alike (decision bonsai U21)."""
    return Asker(caller.channel, None)


def environment(caller: Caller, first_name: str, last_name: str) -> Environment:
    """Test for a test key, and for a live key whose shopper is called Bonsai Test (decision bonsai test mode)."""
    if caller.environment == "test":
        return "test"
    is_test = first_name.strip().lower() == "bonsai" and last_name.strip().lower() == "test"
    return "test" if is_test else "live"


def wanted_payment(payment: bodies.Payment, currency: str) -> WantedPayment:
    """How the order is to be paid; of the token only a hash goes on."""
    amounts = payment.get("amounts")
    return WantedPayment(
        payment["method"],
        token_name(payment["token"]),
        {name: _minor(amount, currency) for name, amount in _items(amounts)} if amounts else None,
    )


def variant_number(text: str) -> int | None:
    """The variant id that a text stands for, None where it cannot be one of ours."""
    if not text.isascii() or not text.isdigit() or len(text) > 16:
        return None
    number = int(text)
    return number if 0 < number < _LARGEST_ID and str(number) == text else None


def _line(line: bodies.Line, currency: str) -> WantedLine:
    seen = line.get("price")
    return WantedLine(
        from_cuid(line["public_id"]),
        variant_number(line["variant_id"]),
        line["quantity"],
        LineRef(line["public_id"], line["variant_id"]),
        None if seen is None else _minor(seen, currency),
    )


def _product(product: bodies.Product) -> WantedLine:
    return WantedLine(
        from_cuid(product["id"]),
        variant_number(product["variantId"]),
        product["quantity"],
        LineRef(product["id"], product["variantId"]),
    )


def _recorded(line: OrderLine) -> WantedLine:
    ref = LineRef(public_id(line), variant_id(line))
    return WantedLine(line.product, line.variant, line.new, ref, recorded_price=line.price)


def _address(address: bodies.Address) -> Address:
    return Address(**address)


def _pending_address(address: bodies.PendingAddress) -> Address:
    return Address(
        first_name=address["firstName"],
        last_name=address["lastName"],
        address1=address["address1"],
        city=address["city"],
        country=address["country"],
        zip=address["zip"],
        address2=address.get("address2"),
        province=address.get("province"),
        phone=address.get("phone"),
    )


def _items(amounts: bodies.Amounts) -> list[tuple[str, Decimal]]:
    """In the order of the specification, in which faults are looked for."""
    return [("shipping", amounts["shipping"]), ("taxes", amounts["taxes"]), ("goods", amounts["goods"])]


def _data(body: bodies.SubmitV1 | bodies.SubmitV2, cart: str | None) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if misc := body.get("misc"):
        data["misc"] = misc["data"]
    if cart:
        data["cart"] = cart
    return data
