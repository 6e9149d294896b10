"""The catalogue: merchants, products, their variants and prices, and the offer that an order line looks at."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from entrepot.domain.kernel.ids import derived_uuid
from entrepot.domain.kernel.moments import UNDATED
from entrepot.domain.kernel.places import Premises
from entrepot.domain.kernel.records import Parents, Record


def product_uuid(workspace: str, product: str) -> UUID:
    """The public id of a product that a world names, the same on every machine."""
    return derived_uuid(workspace, "product", product)


class Sku(msgspec.Struct, frozen=True):
    """By which a view finds a variant that it holds."""

    sku: str


class Merchant(Record, frozen=True):
    """Who supplies products; an order has one part per merchant."""

    id: int
    ref: str
    name: str
    country: str
    integration: str
    payout_account: str | None = None
    address: Premises = Premises()

    @property
    def key(self) -> Hashable:
        """The merchant's reference, by which products name it."""
        return self.ref


class Product(Record, frozen=True):
    """What is sold. `merchant` names a merchant by reference and may name none: a broken set-up is a real one.

    `available` takes it off sale at every door; so does being `hidden`, a `draft` or `display_only`, which also say
    how a shop shows it. `vat_rate` is the VAT at home, in millionths; `search` is folded text to be found by. What is
    deleted keeps its record, which orders name. `names` are what it is called in languages, where it is so called.
    """

    id: int
    uuid: UUID
    name: str
    merchant: str | None
    available: bool = True
    tax_included: bool = False
    free_shipping: bool = False
    requires_shipping: bool = True
    excluded_methods: tuple[str, ...] = ()
    names: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    hidden: bool = False
    draft: bool = False
    display_only: bool = False
    vat_rate: int = 0
    search: str = ""
    created_at: datetime | None = None
    changed_at: datetime | None = None
    deleted_at: datetime | None = None

    @property
    def key(self) -> Hashable:
        """The product's id."""
        return self.id

    @property
    def on_sale(self) -> bool:
        """Whether it can be bought at any door at all; `store/tables/catalogue.py` says the same in SQL."""
        return self.available and not (self.hidden or self.draft or self.display_only)


class Variant(Record, frozen=True):
    """The unit of stock. `scale` is how many decimals its quantities have; an untracked variant is never short.

    `weight` is that of a whole unit in grams. Quantities sold are multiples of `divisible_by` smallest units.
    `chosen_by` says with which options of which choices a buyer means this variant. `available` takes it off sale at
    every door, and leaves the product's other variants on sale. A deleted one keeps its SKU, which orders name.
    """

    id: int
    product: int
    sku: str
    name: str = ""
    scale: int = 0
    tracked: bool = True
    weight: int = 0
    position: int = 0
    data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    divisible_by: int = 1
    chosen_by: dict[int, int] = msgspec.field(default_factory=dict[int, int])
    available: bool = True
    created_at: datetime = UNDATED
    changed_at: datetime = UNDATED
    deleted_at: datetime | None = None

    @property
    def key(self) -> Hashable:
        """The variant's id."""
        return self.id

    @property
    def parent(self) -> Hashable:
        """The product's id, and the SKU."""
        return Parents((self.product, Sku(self.sku)))


class Price(Record, frozen=True):
    """A variant's price in one currency, in minor units; None, zero and less make the variant unsellable."""

    variant: int
    currency: str
    amount: int | None
    compare_at: int | None = None

    @property
    def key(self) -> Hashable:
        """Variant and currency."""
        return (self.variant, self.currency)


class OfferKey(msgspec.Struct, frozen=True):
    """Which offer a line looks at: product and variant as found in the request, for one account and currency."""

    channel: int
    environment: str
    product: UUID
    variant: int
    currency: str


class Offer(Record, frozen=True):
    """What one account is offered under a product and variant id: a read model over catalogue, price and memory.

    `product_id` is None where no such product exists, `variant_id` where the product has no such variant,
    `merchant_id` where its merchant is missing. `remembered` is the price that this account last saw.
    """

    name: OfferKey
    product_id: int | None = None
    title: str = ""
    available: bool = False
    tax_included: bool = False
    free_shipping: bool = False
    requires_shipping: bool = True
    excluded_methods: tuple[str, ...] = ()
    merchant_ref: str | None = None
    merchant_id: int | None = None
    merchant_name: str = ""
    merchant_country: str = ""
    merchant_address: Premises = Premises()
    integration: str = ""
    payout_account: str | None = None
    variant_id: int | None = None
    sku: str = ""
    variant_title: str = ""
    scale: int = 0
    tracked: bool = True
    weight: int = 0
    price: int | None = None
    remembered: int | None = None

    @property
    def key(self) -> Hashable:
        """The offer's name."""
        return self.name

    @classmethod
    def of(
        cls,
        name: OfferKey,
        product: Product,
        merchant: Merchant | None,
        variant: Variant,
        price: int | None,
        remembered: int | None,
    ) -> Offer:
        """The offer that these records make."""
        offer = cls(
            name=name,
            product_id=product.id,
            title=product.name,
            available=product.on_sale and variant.available,
            tax_included=product.tax_included,
            free_shipping=product.free_shipping,
            requires_shipping=product.requires_shipping,
            excluded_methods=product.excluded_methods,
            merchant_ref=product.merchant,
            variant_id=variant.id,
            sku=variant.sku,
            variant_title=variant.name,
            scale=variant.scale,
            tracked=variant.tracked,
            weight=variant.weight,
            price=price,
            remembered=remembered,
        )
        return offer if merchant is None else offer.supplied_by(merchant)

    def supplied_by(self, merchant: Merchant) -> Offer:
        """The offer with its merchant."""
        return msgspec.structs.replace(
            self,
            merchant_id=merchant.id,
            merchant_name=merchant.name,
            merchant_country=merchant.country,
            merchant_address=merchant.address,
            integration=merchant.integration,
            payout_account=merchant.payout_account,
        )


class Goods(Record, frozen=True):
    """What can be ordered by its SKU alone: a read model over product and variant."""

    sku: str
    product: UUID
    product_id: int
    variant: int
    name: str
    scale: int
    tracked: bool
    available: bool
    requires_shipping: bool

    @property
    def key(self) -> Hashable:
        """The SKU."""
        return self.sku


class SeenPrice(Record, frozen=True):
    """The price of a variant that an account was last shown, per environment and currency."""

    channel: int
    environment: str
    variant: int
    currency: str
    amount: int

    @property
    def key(self) -> Hashable:
        """Account, environment, variant and currency."""
        return (self.channel, self.environment, self.variant, self.currency)
