"""What webshops add to a world file: choices and groups of the catalogue, and all that one shop sets up.

Texts are by language, amounts by currency. Ids are given here, since clients of a webshop are written against them.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from entrepot.worlds.form.scalars import (
    Country,
    Currency,
    GivenId,
    Language,
    Money,
    Name,
    Percentage,
    Quantity,
    Secret,
    Table,
    Text,
    Texts,
)

Until: TypeAlias = Annotated[
    str,
    Meta(
        max_length=140,
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].{5,125})?$",
        description="a date, which includes its day in the shop's time zone, or a time such as `2026-12-24T18:00:00Z`",
    ),
]
Amounts: TypeAlias = dict[Currency, Money]
Code: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, description="a code of 1 to 64 characters")
]


class Option(Table, frozen=True, kw_only=True):
    """One of the answers to a choice, with its surcharge."""

    id: GivenId
    name: Texts
    price: Amounts = {}


class Choice(Table, frozen=True, kw_only=True):
    """Something that a buyer chooses of a product; `max_size` is in characters of a text and bytes of a file."""

    id: GivenId
    kind: Literal["enum", "number", "string", "file"]
    name: Texts
    mandatory: bool = False
    options: Annotated[dict[Name, Option], Meta(max_length=1000)] = {}
    minimum: Quantity = 0
    maximum: Quantity | None = None
    multiple_of: Quantity = 1
    multiplies_price: bool = False
    multiplies_weight: bool = False
    per_unit: bool = False
    max_size: Annotated[int, Meta(ge=1, le=7_000_000)] | None = None


class Group(Table, frozen=True, kw_only=True):
    """A shelf of the shops; `parent` is the name of the one that it stands under."""

    id: GivenId
    name: Texts
    parent: Name | None = None
    hidden: bool = False


class Zone(Table, frozen=True, kw_only=True):
    """Countries to which a method sends, with the VAT there, and what that costs up to so many grams."""

    countries: dict[Country, Percentage]
    prices: dict[
        Annotated[str, Meta(pattern=r"^[0-9]{1,9}$", description="a weight in grams, as a key")], Amounts
    ]


class Delivery(Table, frozen=True, kw_only=True):
    """A way in which the shop sends; `groups` are ids of the customer groups to which it is limited."""

    id: GivenId
    name: Texts
    zones: Annotated[tuple[Zone, ...], Meta(max_length=50)] = ()
    free_from: Amounts = {}
    groups: tuple[GivenId, ...] | None = None


class Payment(Table, frozen=True, kw_only=True):
    """A way to pay. With the provider `card` the shop's card gateway collects, else somebody does by hand.

    `capture` says when a card's money is taken: at `checkout`, or `later`, by an administrator.
    """

    id: GivenId
    name: Texts
    provider: Literal["manual", "card"] = "manual"
    capture: Literal["checkout", "later"] = "checkout"
    fee: Amounts = {}
    fee_vat: Percentage = "0%"
    currencies: tuple[Currency, ...] | None = None
    groups: tuple[GivenId, ...] | None = None
    with_certificate: bool = True
    address_lookup: bool = False
    cost_from: Amounts = {}
    """Only for orders of at least so much."""


class Discount(Table, frozen=True, kw_only=True):
    """A code that takes something off: a percentage, or an amount, or what delivery costs."""

    id: GivenId
    percent: Percentage | None = None
    amount: Amounts = {}
    free_delivery: bool = False
    minimum_spend: Amounts = {}
    max_uses: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    max_uses_per_customer: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    valid_until: Until | None = None


class Certificate(Table, frozen=True, kw_only=True):
    """Money that was paid in before: what is there when the file is first applied."""

    id: GivenId
    currency: Currency
    value: Money
    expires_at: Until | None = None
    cancelled: bool = False


class CustomerGroup(Table, frozen=True, kw_only=True):
    """Customers for whom something may be reserved."""

    id: GivenId
    name: Texts


class Customer(Table, frozen=True, kw_only=True):
    """Somebody with an account, as it is when the file is first applied; its key is the e-mail address."""

    id: GivenId
    password: Secret
    first_name: Text = ""
    last_name: Text = ""
    approved: bool = True
    groups: tuple[GivenId, ...] = ()


class Administrator(Table, frozen=True, kw_only=True):
    """Somebody who runs the shop; the key is the user name, which is good for one account only."""

    id: GivenId
    password: Secret


Rates: TypeAlias = Annotated[dict[Percentage, Percentage], Meta(max_length=50)]


class Webshop(Table, frozen=True, kw_only=True):
    """What the channel of the same name sells with. `languages` have the currency in which each shows prices.

    `vat` tells, for a country other than the shop's own (`settings.shop.vat_country`), what it levies instead of a rate
    at home: `FI = { "25%" = "25.5%" }`; a rate that is not named is as at home. With `exports_without_vat` countries
    that `vat` does not name pay none; one whose rates are those at home stands there with an empty table.
    """

    languages: Annotated[dict[Language, Currency], Meta(min_length=1, max_length=50)]
    vat: Annotated[dict[Country, Rates], Meta(max_length=300)] = {}
    exports_without_vat: bool = False
    delivery: Annotated[dict[Name, Delivery], Meta(max_length=200)] = {}
    payment: Annotated[dict[Name, Payment], Meta(max_length=200)] = {}
    discounts: Annotated[dict[Code, Discount], Meta(max_length=1000)] = {}
    certificates: Annotated[dict[Code, Certificate], Meta(max_length=1000)] = {}
    customer_groups: Annotated[dict[Name, CustomerGroup], Meta(max_length=200)] = {}
    customers: Annotated[dict[Code, Customer], Meta(max_length=1000)] = {}
    administrators: Annotated[dict[Code, Administrator], Meta(max_length=100)] = {}
