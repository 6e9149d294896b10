"""From checked request bodies to commands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from entrepot.domain.appraisal import Basket, WantedLine, WantedPayment
from entrepot.domain.channels import Environment
from entrepot.domain.checkout import NOWHERE
from entrepot.domain.ids import from_cuid
from entrepot.domain.money import to_minor
from entrepot.domain.orders import Address, Person
from entrepot.domain.placing import PlaceOrder
from entrepot.doors.bonsai import bodies
from entrepot.failures.orders import LineRef
from entrepot.store.directory import Caller, credential_key

_LARGEST_ID = 2**53


def place_order(body: bodies.SubmitV1, address: bodies.Address, caller: Caller) -> PlaceOrder:
    """The command of a V1 submit."""
    payment = body["payment"]
    currency = payment.get("currency") or caller.settings.currency
    ship_to = Address(**address)
    basket = Basket(
        channel=caller.channel,
        environment=environment(caller, ship_to.first_name, ship_to.last_name),
        currency=currency,
        lines=tuple(_line(line, currency) for line in body["products"]),
        ship_to=ship_to,
        payment=wanted_payment(payment, currency),
        external_id=body.get("external_order_id"),
    )
    return PlaceOrder(basket, Person(**body["customer"]), body.get("note"), _data(body))


def checkout_basket(body: bodies.Checkout, caller: Caller) -> Basket:
    """What a checkout asks about; it names no payment, since none is checked yet."""
    currency = body.get("target_currency") or caller.settings.currency
    address = body.get("shipping_address")
    ship_to = Address(**address) if address else NOWHERE
    return Basket(
        channel=caller.channel,
        environment=environment(caller, ship_to.first_name, ship_to.last_name),
        currency=currency,
        lines=tuple(_line(line, currency) for line in body["products"]),
        ship_to=ship_to,
        payment=WantedPayment(""),
    )


def environment(caller: Caller, first_name: str, last_name: str) -> Environment:
    """Test for a test key, and for a live key whose shopper is called Bonsai Test (contract, `Test mode`)."""
    if caller.environment == "test":
        return "test"
    is_test = first_name.strip().lower() == "bonsai" and last_name.strip().lower() == "test"
    return "test" if is_test else "live"


def wanted_payment(payment: bodies.Payment, currency: str) -> WantedPayment:
    """How the order is to be paid; of the token only a hash goes on."""
    amounts = payment.get("amounts")
    return WantedPayment(
        payment["method"],
        credential_key("payment-token", payment["token"])[1].hex(),
        {name: to_minor(amount, currency) for name, amount in _items(amounts)} if amounts else None,
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
        None if seen is None else to_minor(seen, currency),
    )


def _items(amounts: bodies.Amounts) -> list[tuple[str, Decimal]]:
    return [("goods", amounts["goods"]), ("shipping", amounts["shipping"]), ("taxes", amounts["taxes"])]


def _data(body: bodies.SubmitV1) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if misc := body.get("misc"):
        data["misc"] = misc["data"]
    if cart := body.get("cart_id"):
        data["cart"] = cart
    return data
