"""What checkout answers: totals always, and errors beside them if there are any (decision bonsai checkout totals)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from entrepot.domain.kernel.money import to_major
from entrepot.domain.placing.checks import PricedLine, Shipment
from entrepot.domain.placing.quote import CheckedLine, Checkout
from entrepot.domain.pricing.flat_rates import LABEL
from entrepot.doors.bonsai import bodies
from entrepot.doors.bonsai.failures import FORMS, Row, entry, stripe_sentence
from entrepot.doors.bonsai.replies.placed import NO_MERCHANT_CODE
from entrepot.failures import Failure
from entrepot.failures.orders import ProvinceUnknown
from entrepot.failures.payments import CardProviderFailed, CardProviderSilent, TaxRefused


def totals(checkout: Checkout, currency: str, client_secret: str | None = None) -> dict[str, Any]:
    """What the lines that can be bought cost, in major units; the others stand there with zeros."""

    def major(amount: int) -> Any:
        return to_major(amount, currency)

    return {
        "subtotal": major(checkout.goods),
        "tax": major(checkout.tax),
        "duties": major(checkout.duties),
        "shipping": [_shipment(shipment, checkout.sold, currency) for shipment in checkout.shipments],
        "shipping_total": major(checkout.shipping),
        "total": major(checkout.total),
        "line_items": [_line_item(line, currency) for line in checkout.lines],
        "currency": currency,
        **({} if client_secret is None else {"payment": {"clientSecret": client_secret}}),
    }


def nothing(lines: Sequence[bodies.Line], currency: str) -> dict[str, Any]:
    """The totals of a body that is not in order: zeros, and the lines that could be read (decision bonsai I7)."""
    sums = dict.fromkeys(("subtotal", "tax", "duties", "shipping_total", "total"), 0)
    items = [_no_item(line["public_id"], line["variant_id"], line["quantity"]) for line in lines]
    return {**sums, "shipping": [], "line_items": items, "currency": currency}


def error(failure: Failure) -> dict[str, object]:
    """An entry in the form that it has on checkout, differing for provinces, taxes, cards (decision bonsai I8, I9)."""
    return entry(failure, row_of(failure))


def row_of(failure: Failure) -> Row | None:
    """The form of a failure on checkout, where it has one of its own."""
    if isinstance(failure, ProvinceUnknown):
        return FORMS["ProvinceUnrecognized"], _province
    if isinstance(failure, TaxRefused):
        form = msgspec.structs.replace(FORMS["CheckoutTaxError"], title=failure.message)
        return form, lambda refusal: refusal.message
    if isinstance(failure, CardProviderFailed | CardProviderSilent):
        return FORMS["CheckoutStripeError"], stripe_sentence
    return None


def _province(failure: ProvinceUnknown) -> object:
    return {"countryCode": failure.country, "province": failure.province}


def _shipment(shipment: Shipment, sold: Sequence[PricedLine], currency: str) -> dict[str, Any]:
    return {
        "amount": to_major(shipment.cost, currency),
        "label": LABEL,
        "code": NO_MERCHANT_CODE,
        "merchant_name": shipment.merchant_name,
        "products": [_product(sold[index]) for index in shipment.lines],
    }


def _product(line: PricedLine) -> dict[str, Any]:
    wanted = line.wanted
    return {
        "public_id": wanted.ref.product,
        "variant_id": wanted.ref.variant,
        "quantity": wanted.quantity,
    }


def _line_item(line: CheckedLine, currency: str) -> dict[str, Any]:
    wanted = line.wanted
    item = _no_item(wanted.ref.product, wanted.ref.variant, wanted.quantity)
    if line.priced is None:
        return item
    price, name = to_major(line.priced.price, currency), line.priced.offer.title
    return {**item, "inventory": line.inventory, "price": price, "name": name}


def _no_item(product: str, variant: str, quantity: int) -> dict[str, Any]:
    return {
        "public_id": product,
        "variant_id": variant,
        "inventory": 0,
        "price": 0,
        "quantity": quantity,
        "name": "",
    }
