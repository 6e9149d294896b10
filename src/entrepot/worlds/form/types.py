"""The form of a world file: one struct per table of the file. Types, docstrings and limits here are its JSON Schema.

Amounts are in major units, as a string (`"25.00"`) or a whole number; binary fractions are not accepted.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from msgspec import Meta

from entrepot.domain.channels.accounts import KNOWN_INTEGRATIONS, KNOWN_SOURCES
from entrepot.gateways.cards.bank.rules import CardState
from entrepot.worlds.form.scalars import (
    Amount,
    Country,
    Currency,
    Digits,
    FromEnvironment,
    GivenId,
    Identity,
    Key,
    KeySource,
    Literally,
    Money,
    Name,
    Path,
    Percentage,
    Quantity,
    Region,
    Secret,
    Table,
    Text,
    Texts,
    Token,
    Variable,
)
from entrepot.worlds.form.shop_types import Choice, Group, Webshop

__all__ = [
    "Amount", "Bank", "Card", "Channel", "Choice", "Country", "Currency", "Digits", "FromEnvironment",
    "GivenId", "Group", "Hub", "Identity", "Key", "KeySource", "Literally", "Location", "Mapping",
    "MappingRule", "Merchant", "MerchantAddress", "Money", "Name", "NestedMapping", "Partner", "Percentage",
    "Price", "Priced", "Product", "Quantity", "Region", "Resident", "ReturnAddress", "Secret", "Sellable",
    "Shipping", "Storefront", "Table", "TaxRate", "Taxes", "Text", "Token", "Variable", "Variant", "Webshop",
    "Workspace", "World",
]  # fmt: skip


class Location(Table, frozen=True, kw_only=True):
    """A place that keeps stock; orders take from the lowest `priority` first. Only who looks there needs the rest."""

    name: Text
    priority: Annotated[int, Meta(ge=0, le=1_000_000)] = 1
    zone: Text = ""
    aisle: Text = ""
    active: bool = True


class Shipping(Table, frozen=True, kw_only=True):
    """A flat rate per shipment, free once the merchant's goods come to `free_from`."""

    price: Money
    free_from: Money | None = None


class MerchantAddress(Table, frozen=True, kw_only=True):
    """Where a merchant sends from; `province` is what follows the country in ISO 3166-2, such as `ON`."""

    address1: Text = ""
    city: Text = ""
    province: Annotated[str, Meta(pattern=r"^([A-Z0-9]{1,3})?$", description="a region such as `ON`")] = ""
    zip: Text = ""


class Merchant(Table, frozen=True, kw_only=True):
    """Who supplies products. `ref` is the 24-digit hexadecimal reference; by default it follows from the names.

    `integration` may be one that the workspace does not support, and `payout_account` may be absent: both are
    set-ups whose orders fail. `shipping` has rates by country, then currency. AvaTax needs `province` and `zip` of the
    `address` of a merchant in the US or Canada.
    """

    name: Text
    country: Country
    address: MerchantAddress = MerchantAddress()
    integration: Text = "manual"
    ref: Annotated[str, Meta(pattern=r"^[0-9a-f]{24}$")] | None = None
    payout_account: Text | None = None
    shipping: dict[Country, dict[Currency, Money | Shipping]] = {}


class Price(Table, frozen=True, kw_only=True):
    """A price with the one that it is compared to."""

    price: Amount
    compare_at: Money | None = None


Priced: TypeAlias = Annotated[
    Annotated[str, Meta(pattern=r"^(none|-?[0-9]{1,12}(\.[0-9]{1,4})?)$")]
    | Annotated[int, Meta(ge=-(10**12), le=10**12)]
    | Price,
    Meta(description='an amount such as "25.00", `{ price, compare_at }`, or "none" for a missing price'),
]


class Sellable(Table, frozen=True, kw_only=True):
    """What a variant has, and a product without variants too: it is its own one variant, and an `id` is that of both.

    `prices` by currency; zero, negative and "none" are set-ups whose orders fail. `stock` by location: what is
    there when the file is first applied. Quantities have `scale` decimals; an untracked variant is never short.
    """

    id: GivenId | None = None
    sku: Text | None = None
    prices: dict[Currency, Priced] = {}
    stock: dict[Name, Quantity] = {}
    tracked: bool = True
    scale: Annotated[int, Meta(ge=0, le=4)] = 0
    divisible_by: Quantity | None = None
    weight: Annotated[int, Meta(ge=0, le=10**9, description="grams")] = 0


class Variant(Sellable, frozen=True, kw_only=True):
    """One variant of a product. Its default `sku` is the names of product and variant, joined by a hyphen.

    `chosen_by` says by which options (their ids) of which choices (theirs) a buyer means this variant.
    """

    name: Text = ""
    available: bool = True
    chosen_by: dict[Digits, GivenId] = {}
    data: dict[str, Any] = {}


class Product(Sellable, frozen=True, kw_only=True):
    """What is sold. `merchant` is a name in this file, or a 24-digit reference which may be nobody's.

    `names` are by language, for webshops. `excluded_methods` are payment methods by which it cannot be bought, and
    `data` is what only one door knows. `vat` is the VAT at home; `choices` are the names of those that a buyer in a
    webshop has.
    """

    name: Text
    merchant: Text | None = None
    available: bool = True
    tax_included: bool = False
    free_shipping: bool = False
    requires_shipping: bool = True
    excluded_methods: Annotated[tuple[Text, ...], Meta(max_length=20)] = ()
    hidden: bool = False
    draft: bool = False
    display_only: bool = False
    vat: Percentage = "0%"
    choices: Annotated[tuple[Name, ...], Meta(max_length=50)] = ()
    names: Annotated[Texts, Meta(max_length=50)] = {}
    data: dict[str, Any] = {}
    variants: Annotated[dict[Name, Variant], Meta(max_length=500)] = {}


class TaxRate(Table, frozen=True, kw_only=True):
    """What a country or region levies. `duty_threshold` is an amount of an order's currency, whichever that is."""

    rate: Percentage
    shipping_taxed: bool = False
    duty_rate: Percentage = "0%"
    duty_threshold: Money = 0


class Taxes(Table, frozen=True, kw_only=True):
    """The simulated tax provider: which companies have an account there, and its rates by region."""

    companies: Annotated[tuple[Text, ...], Meta(max_length=1000)] = ()
    rates: dict[Region, TaxRate] = {}


class MappingRule(Table, frozen=True, kw_only=True):
    """What stands at the path `source` of a payload is the field `target`; `a.b[0].c` is a path."""

    source: Path
    target: Path


class NestedMapping(Table, frozen=True, kw_only=True):
    """Each element of the list at `source` is one of the list `target`, by rules that begin at the element."""

    source: Path
    target: Path
    field_map: Annotated[tuple[MappingRule, ...], Meta(max_length=200)] = ()


class Mapping(Table, frozen=True, kw_only=True):
    """How a partner's words become the API's for one resource: a `template`, which is copied once, or rules.

    `static_values` are written by path into whatever comes.
    """

    template: Text | None = None
    field_map: Annotated[tuple[MappingRule, ...], Meta(max_length=200)] = ()
    nested_mappings: Annotated[tuple[NestedMapping, ...], Meta(max_length=20)] = ()
    static_values: dict[Path, Any] = {}
    identifier_field: Text | None = None


class Channel(Table, frozen=True, kw_only=True):
    """An account at one door, with its settings and its keys, and where it speaks words of its own, its mappings.

    Which keys there are, which resources have mappings, and what `settings.door` may hold, is told by the door.
    """

    door: Annotated[str, Meta(max_length=63)]
    settings: dict[str, Any] = {}
    keys: dict[Name, Key] = {}
    mappings: Annotated[dict[Name, Mapping], Meta(max_length=20)] = {}


class ReturnAddress(Table, frozen=True, kw_only=True):
    """Where buyers of a storefront send back to; `region` is a state or province, `kind` such as `COMMERCIAL`."""

    name: Text = ""
    line1: Text = ""
    line2: Text = ""
    line3: Text = ""
    city: Text = ""
    region: Text = ""
    country: Text = ""
    zip: Text = ""
    kind: Text = ""


class Storefront(Table, frozen=True, kw_only=True):
    """A place at which an account sells elsewhere; `channel` names the account. Its public id follows from its name."""

    channel: Name
    name: Text
    return_address: ReturnAddress = ReturnAddress()
    active: bool = True
    data: dict[str, Any] = {}


class Card(Table, frozen=True, kw_only=True):
    """A card of the simulated bank. A reusable one pays any number of times, as test tokens do.

    Every door takes a token for one order only. Of a `family`, which is always reusable, there are as many tokens as
    a client wants: `tok_visa_1`, `tok_visa_2` and so on all stand for the card of `tok_visa`.
    """

    account: Text
    brand: Text = "visa"
    last4: Annotated[str, Meta(pattern=r"^[0-9]{4}$")] = "4242"
    state: CardState = "ok"
    reusable: bool = True
    family: bool = False


class Bank(Table, frozen=True, kw_only=True):
    """The simulated bank: cardholders' balances by currency, cards by token, and merchants' payout accounts.

    A balance is what is there when the file is first applied.
    """

    accounts: dict[Name, dict[Currency, Money]] = {}
    cards: dict[Token, Card] = {}
    payouts: dict[Name, Text] = {}


class Partner(Table, frozen=True, kw_only=True):
    """The simulated partner: the payment tokens that it vouches for."""

    tokens: Annotated[tuple[Token, ...], Meta(max_length=1000)] = ()


class Hub(Table, frozen=True, kw_only=True):
    """The simulated order hub: the clients that it knows, and how many orders each may have there at a time."""

    clients: dict[Name, Annotated[int, Meta(ge=0, le=10**12)]] = {}


class Resident(Table, frozen=True, kw_only=True):
    """Somebody in the simulated register of addresses; `company` is for a company."""

    first_name: Text = ""
    last_name: Text = ""
    company: Text | None = None
    address: Text
    address2: Text = ""
    postcode: Text
    town: Text
    state: Text = ""


class Workspace(Table, frozen=True, kw_only=True):
    """A tenant with all that it owns. Products are known by their names in the file: another name, another product."""

    order_sources: Annotated[tuple[Text, ...], Meta(max_length=100)] = KNOWN_SOURCES
    merchant_integrations: Annotated[tuple[Text, ...], Meta(max_length=100)] = KNOWN_INTEGRATIONS
    locations: Annotated[dict[Name, Location], Meta(max_length=1000)] = {}
    merchants: Annotated[dict[Name, Merchant], Meta(max_length=10_000)] = {}
    products: Annotated[dict[Name, Product], Meta(max_length=20_000)] = {}
    taxes: Taxes = Taxes()
    choices: Annotated[dict[Name, Choice], Meta(max_length=1000)] = {}
    groups: Annotated[dict[Name, Group], Meta(max_length=1000)] = {}
    webshops: Annotated[dict[Name, Webshop], Meta(max_length=100)] = {}
    channels: Annotated[dict[Name, Channel], Meta(max_length=1000)] = {}
    storefronts: Annotated[dict[Name, Storefront], Meta(max_length=1000)] = {}
    bank: Bank = Bank()
    partner: Partner = Partner()
    hub: Hub = Hub()
    residents: dict[Country, Annotated[dict[Identity, Resident], Meta(max_length=1000)]] = {}
    """By country, and by the number that it gave them."""


class World(Table, frozen=True, kw_only=True):
    """A world: one or more workspaces. Only with `sandbox = true` may secrets stand in the file."""

    workspaces: Annotated[dict[Name, Workspace], Meta(min_length=1, max_length=1000)]
    sandbox: bool = False
