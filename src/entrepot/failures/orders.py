"""Failures of placing and finding orders."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from entrepot.failures.base import Failure, Retry, TemporaryFailure


class LineRef(msgspec.Struct, frozen=True):
    """A line's product and variant as the caller named them; `line` is what the caller calls the line itself."""

    product: str
    variant: str
    line: str = ""


class LineFailure(Failure, frozen=True):
    """A failure of one order line."""

    abstract: ClassVar[bool] = True
    line: LineRef


class ProductUnknown(LineFailure, frozen=True):
    """No product has this id.

    The workspace's catalogue never had it, or it belongs to somebody else.
    """

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Take the product off sale and check the product feed; others may be wrong too."


class VariantUnknown(LineFailure, frozen=True):
    """The product has no variant with this id."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Take the variant off sale and check the product feed; others may be wrong too."


class SkuUnknown(LineFailure, frozen=True):
    """Nothing that can be ordered by whole units has this SKU."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Take the SKU off sale and check the product feed; others may be wrong too."


class OrderTooLarge(Failure, frozen=True):
    """The order has more lines, units or money than an order may have, or fewer than none."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Correct the line, or send several orders."
    what: str
    largest: int


class MerchantUnknown(LineFailure, frozen=True):
    """The product's merchant is missing, or of an integration type with which no order can be placed."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Take this merchant's products off sale; the operator must repair the merchant's record."
    )
    merchant: str | None


class ProductUnavailable(LineFailure, frozen=True):
    """The product is no longer for sale."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Take the product off sale."
    shopper: ClassVar[bool] = True


class PriceInvalid(LineFailure, frozen=True):
    """The product has no price above zero in the order's currency."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Take the product off sale until it has a price again."


class PriceChanged(LineFailure, frozen=True):
    """The price is not the one that the account last saw."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Fetch the price again and let the shopper accept it."
    shopper: ClassVar[bool] = True


class CostRisen(LineFailure, frozen=True):
    """The order would cost more than was recorded.

    Shipping, a tax or a duty has risen since, or the order ships no longer free.
    """

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Check the basket out again, let the shopper accept the new total, and record the order anew; "
        "the old one is given up by itself."
    )
    shopper: ClassVar[bool] = True


class SoldOut(LineFailure, frozen=True):
    """The variant is out of stock."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper to drop the item."
    shopper: ClassVar[bool] = True


class NotEnoughStock(LineFailure, frozen=True):
    """There is stock, but less than was asked for; lines of one variant share what there is."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper for a smaller quantity."
    shopper: ClassVar[bool] = True
    requested: int
    available: int


class ProvinceUnknown(Failure, frozen=True):
    """The province is no region of the country, or is missing where the country needs one."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask the shopper to check the address."
    shopper: ClassVar[bool] = True
    country: str
    province: str | None


class NoShippingToCountry(Failure, frozen=True):
    """A merchant does not ship to this country."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Tell the shopper which products cannot go there."
    shopper: ClassVar[bool] = True
    country: str
    lines: tuple[LineRef, ...]


class ShippingAddressMissing(Failure, frozen=True):
    """The order says nowhere where it should go."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send a shipping address."


class OrderSourceUnrecognized(Failure, frozen=True):
    """The account's source is empty or none of the known ones."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "The operator must set the account's source to a known one."


class DuplicateExternalOrder(Failure, frozen=True):
    """The account has already placed an order under this external id.

    `kind` says which of the names it is, where an order may have several.
    """

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Look the order up by its external id; it exists."
    external_id: str
    kind: str = ""


class StorefrontUnknown(Failure, frozen=True):
    """The account has no storefront of this id, or none at all."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Create the storefront first, or use the id of one that the account has."
    storefront: str


class StorefrontInactive(Failure, frozen=True):
    """The account's storefront is not active: what was sold there goes on, and nothing new is taken."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Make the storefront active again, or use another one of the account."
    storefront: str


class OrderUnknown(Failure, frozen=True):
    """No order that the caller may see has this identifier."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Check the identifier, and that the credentials are those of the placing account."
    order: str


class OrderNotPayable(Failure, frozen=True):
    """The order does not wait for a payment."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Read the order's state; only a pending order can be paid."
    order: str


class NothingToCancel(Failure, frozen=True):
    """No unit of the order can still be cancelled."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "What has shipped can only come back as a return."
    order: str


class UnitsSent(Failure, frozen=True):
    """Units of the order have left, so it cannot be cancelled as a whole."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = (
        "What has left can only come back as a return; the operator can cancel the other units."
    )
    order: str


class OrderSettled(Failure, frozen=True):
    """The order was sent or has ended, and can be amended no more."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Read the order's state; until it is sent it can be amended."
    order: str
    state: str
    """Its state, or that it is shipped."""


class OrderUnfinished(Failure, frozen=True):
    """Units of the order still wait to be sent, or it waits to be paid, so it cannot be deleted."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Cancel what waits, or ship it, and then delete the order."
    order: str


class QuoteStale(TemporaryFailure, frozen=True):
    """Price, address or rates changed while the order was being placed."""

    advice: ClassVar[str] = "Send the request again; it will be quoted anew."


class InvalidInput(Failure, frozen=True):
    """The request's body does not have the documented form."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Correct the fields that the reply names."
    faults: tuple[object, ...]


class OrderLocked(Failure, frozen=True):
    """The order is in a state in which it cannot be changed."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = (
        "It was placed, paid or sent; open a new cart. What was placed its shop can change until it is sent or paid."
    )
    shopper: ClassVar[bool] = True
    order: str
