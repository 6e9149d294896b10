"""What a world file describes, kind by kind: one line each, from which reading, comparing, writing and telling follow.

A new section of files is a new line here, and its records in `records` or `shop_records`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from entrepot.domain.catalogue import options
from entrepot.domain.catalogue.products import Merchant, Price, Product, Variant
from entrepot.domain.channels.shops import Language
from entrepot.domain.channels.storefronts import Storefront
from entrepot.domain.customers.records import Administrator, Customer, CustomerGroup
from entrepot.domain.kernel.records import Record
from entrepot.domain.payments.methods import PaymentMethod
from entrepot.domain.pricing.delivery_methods import DeliveryMethod
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.pricing.flat_rates import ShippingRate
from entrepot.domain.pricing.gift_certificates import Certificate
from entrepot.domain.pricing.taxes import TaxCompany, TaxRate
from entrepot.domain.stock.levels import Location
from entrepot.store.batches.binding import Binding
from entrepot.store.batches.finds import binding_of
from entrepot.worlds.plan.records import ChannelRow

CHANNELS: Final = Binding(ChannelRow, "channels", "id")


def _any(record: Record) -> bool:
    del record
    return True


def _of_a_shop(administrator: Administrator) -> bool:
    """Who runs all shops of a workspace stands in no file."""
    return administrator.channel is not None


class Area(msgspec.Struct, frozen=True):
    """One kind of record that files describe, and what people call it.

    `kept` are fields of which a file knows nothing: they stay as they are. What `lives` is made when the file is first
    applied, and left alone afterwards, by a prune too: it holds money, or belongs to somebody. What no file can
    describe (`described`) is no prune's business either.
    """

    kind: type[Record]
    word: str
    kept: frozenset[str] = frozenset()
    lives: bool = False
    described: Callable[[Any], bool] = _any

    @property
    def binding(self) -> Binding:
        """Where its records stand."""
        return CHANNELS if self.kind is ChannelRow else binding_of[self.kind]


def _kept(*names: str) -> frozenset[str]:
    return frozenset({"created_at", "changed_at", *names})


AREAS: Final[tuple[Area, ...]] = (
    Area(Location, "location", _kept("data")),
    Area(Merchant, "merchant"),
    Area(Product, "product", _kept()),
    Area(Variant, "variant", _kept()),
    Area(Price, "price"),
    Area(ShippingRate, "shipping rate"),
    Area(TaxCompany, "tax company"),
    Area(TaxRate, "tax rate"),
    Area(ChannelRow, "channel"),
    Area(Storefront, "storefront", _kept()),
    Area(options.Choice, "choice", _kept("description", "data")),
    Area(options.ChoiceOption, "choice option", _kept("data")),
    Area(options.ProductChoice, "product choice", _kept("options", "prices")),
    Area(options.ProductGroup, "product group", _kept("url", "data")),
    Area(Language, "language", _kept("active")),
    Area(CustomerGroup, "customer group", _kept("data")),
    Area(DeliveryMethod, "delivery method", _kept("active", "description", "data")),
    Area(PaymentMethod, "payment method", _kept("active", "description", "params", "data")),
    Area(
        Discount,
        "discount",
        _kept("name", "valid_from", "used", "combinable", "customer_groups", "data"),
    ),
    Area(Administrator, "administrator", _kept("name", "active"), described=_of_a_shop),
    Area(Certificate, "certificate", lives=True),
    Area(Customer, "customer", lives=True),
)
"""In the order of writing: parents before children."""

WORDS: Final[Mapping[type[Record], str]] = {area.kind: area.word for area in AREAS}


def kinds(records: Iterable[Record]) -> dict[type[Record], list[Record]]:
    """Records by their kind, every kind of a file among them."""
    found: dict[type[Record], list[Record]] = {area.kind: [] for area in AREAS}
    for record in records:
        found[type(record)].append(record)
    return found
