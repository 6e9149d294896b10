"""What the API says of a product: what the catalogue has of it, and what its `data` adds for this door.

A product is `unavailable` if none of its variants can be ordered, for whatever reason. A variant without a price in the
currency stands there with 0; one that is not counted has as many units as a line may ask for.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from entrepot.domain.catalogue.products import Offer
from entrepot.domain.kernel.ids import cuid
from entrepot.domain.kernel.money import to_major
from entrepot.domain.placing.checks import offer_failure
from entrepot.domain.pricing.flat_rates import ShippingRate
from entrepot.doors.bonsai.replies.product_data import PRODUCT, VARIANT, Member, members, text_or_part
from entrepot.doors.bonsai.schemas import MAX_QUANTITY
from entrepot.failures.orders import LineRef
from entrepot.store.queries.products import ListedProduct, ListedVariant

AFTERPAY = "afterpay"
_SHORT_LINK = Member("short_link", str)


def public_id(listed: ListedProduct) -> str:
    """The id by which callers know the product."""
    return cuid(listed.product.uuid)


def short_link(listed: ListedProduct) -> str | None:
    """The product's short link, if it has one."""
    return text_or_part(listed.product.data, _SHORT_LINK)


def visible(listed: ListedProduct) -> list[ListedVariant]:
    """The variants that this door shows: those that are sold in whole units."""
    return [each for each in listed.variants if each.variant.scale == 0]


def product(listed: ListedProduct, integrations: Collection[str], currency: str) -> dict[str, Any]:
    """One product with its variants."""
    item, variants = listed.product, visible(listed)
    link = short_link(listed)
    return {
        "id": str(item.id),
        "publicId": public_id(listed),
        "name": item.name,
        "currency": currency,
        "unavailable": not any(_orderable(each.offer, integrations) for each in variants),
        "inventory": sum(_units(each) for each in variants),
        "hasFreeShipping": item.free_shipping,
        "isAfterpayEligible": AFTERPAY not in item.excluded_methods,
        "shippingCosts": [_rate(rate, currency) for rate in listed.rates],
        "returnPolicy": "",
        **members(item.data, PRODUCT),
        **_merchant(listed),
        "shortLinks": [] if link is None else [link],
        "variants": [_variant(each, currency) for each in variants],
    }


def _orderable(offer: Offer, integrations: Collection[str]) -> bool:
    return offer_failure(offer, LineRef("", ""), integrations) is None


def _merchant(listed: ListedProduct) -> dict[str, Any]:
    merchant = listed.merchant
    if merchant is None:
        return {}
    return {
        "merchant": {"publicId": merchant.ref, "name": merchant.name},
        "merchantCountry": merchant.country,
    }


def _rate(rate: ShippingRate, currency: str) -> dict[str, Any]:
    costs = {"countryCode": rate.country, "shippingRate": to_major(rate.amount, currency)}
    if rate.free_from is not None:
        costs["freeIfPassedSubtotal"] = to_major(rate.free_from, currency)
    return costs


def _variant(listed: ListedVariant, currency: str) -> dict[str, Any]:
    variant, compare_at = listed.variant, listed.compare_at
    return {
        "id": str(variant.id),
        "productId": str(variant.product),
        "sku": variant.sku,
        "position": variant.position,
        "price": to_major(listed.offer.price or 0, currency),
        "compareAtPrice": None if compare_at is None else to_major(compare_at, currency),
        "inventoryQuantity": _units(listed),
        "options": [],
        "images": [],
        **members(variant.data, VARIANT),
    }


def _units(listed: ListedVariant) -> int:
    return listed.available if listed.variant.tracked else MAX_QUANTITY
