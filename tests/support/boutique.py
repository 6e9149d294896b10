"""A shop with choices, codes, methods and one buyer's session, as records; the database gets them as they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from entrepot.domain.carts.records import LIFETIME, Cart, CartCode, CartLine
from entrepot.domain.catalogue.options import PARTS, Choice, ChoiceOption, ProductChoice
from entrepot.domain.catalogue.products import Price, Product, Variant
from entrepot.domain.channels.accounts import Channel, ChannelSettings, ShopSettings
from entrepot.domain.customers.records import Buyer, BuyerInfo, ContactAddress, Session
from entrepot.domain.kernel.ids import derived_uuid
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.payments import Payment
from entrepot.domain.payments.methods import PaymentMethod
from entrepot.domain.pricing.code_names import claim_of
from entrepot.domain.pricing.delivery_methods import CountryRate, DeliveryMethod, DeliveryRate, WeightRate
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.pricing.gift_certificates import Certificate
from entrepot.domain.stock.levels import Level, Location, settled
from entrepot.store.batches.bindings import CATALOGUE, SHOP
from entrepot.store.batches.finds import binding_of
from entrepot.store.connections import Connection
from tests.support.shop import AT, WORKSPACE

SHOP_CHANNEL, SESSION, OTHER_SESSION = 6, 71, 72
PLACE = Location(11, "north", "North", 1)
SHIRT, CLOTH, BANNER = 101, 102, 103
SMALL, LARGE, BY_METRE, PRINTED = 201, 202, 203, 204
SIZE, LENGTH, WORDS, PICTURE, GIFT = 301, 302, 303, 304, 305
S, L, WRAPPED = 311, 312, 313
POST, INVOICE, BY_CARD = 401, 411, 412
TENTH, FIFTY, VOUCHER = 501, 502, 511
VAT = 250_000

SETTINGS = ChannelSettings(
    currency="SEK", shop=ShopSettings(currencies=("EUR",), vat={"NO": {VAT: 0}, "FI": {VAT: 255_000}})
)
CHANNEL_RECORD = Channel(SHOP_CHANNEL, "textalk", "boutique", SETTINGS)
BUYER = Buyer(
    ContactAddress(
        first_name="Eva", last_name="Ek", address="Gatan 1", postcode="11122", town="Stockholm", country="SE"
    ),
    info=BuyerInfo(email="Eva@Example.com"),
)


def choice(number: int, kind: Any, **fields: Any) -> Choice:
    values: dict[str, Any] = {
        "mandatory": False, "minimum": 0, "maximum": None, "multiple_of": PARTS, "multiplies_price": False,
        "multiplies_weight": False, "per_unit": False, "max_size": None,
    }  # fmt: skip
    texts: dict[str, str] = {}
    return Choice(number, kind, texts, texts, created_at=AT, changed_at=AT, data={}, **{**values, **fields})


def option(number: int, of: int, sek: int = 0) -> ChoiceOption:
    return ChoiceOption(number, of, number, {}, {"SEK": sek, "EUR": sek // 10}, {})


def product(number: int, name: str, **fields: Any) -> Product:
    return Product(number, derived_uuid("boutique", name), name, None, vat_rate=VAT, **fields)


def article_records() -> list[Record]:
    """A shirt in two sizes, cloth by the metre, and a banner of chosen length with words or a picture."""
    return [
        product(SHIRT, "Shirt"),
        product(CLOTH, "Cloth"),
        product(BANNER, "Banner"),
        Variant(SMALL, SHIRT, "SHIRT-S", "S", weight=200, position=0, chosen_by={SIZE: S}),
        Variant(LARGE, SHIRT, "SHIRT-L", "L", weight=300, position=1, chosen_by={SIZE: L}),
        Variant(BY_METRE, CLOTH, "CLOTH", "", scale=2, weight=100, divisible_by=25),
        Variant(PRINTED, BANNER, "BANNER", "", tracked=False, weight=50),
        *(Price(v, c, a) for v, sek in ((SMALL, 20_000), (BY_METRE, 9_950), (PRINTED, 1_000))
          for c, a in (("SEK", sek), ("EUR", sek // 10))),
        choice(SIZE, "enum", mandatory=True),
        choice(LENGTH, "number", minimum=PARTS, maximum=10 * PARTS, multiple_of=PARTS // 2,
               multiplies_price=True, multiplies_weight=True),
        choice(WORDS, "string", max_size=10),
        choice(PICTURE, "file", max_size=100),
        choice(GIFT, "enum", per_unit=True),
        option(S, SIZE), option(L, SIZE, 1_000), option(WRAPPED, GIFT, 500),
        ProductChoice(SHIRT, SIZE, 0, None, {}),
        ProductChoice(BANNER, LENGTH, 0, None, {}),
        ProductChoice(BANNER, WORDS, 1, None, {}),
        ProductChoice(BANNER, PICTURE, 2, None, {}),
        ProductChoice(BANNER, GIFT, 3, None, {}),
    ]  # fmt: skip


def delivery_method(number: int = POST, **fields: Any) -> DeliveryMethod:
    prices = (WeightRate(0, 1_000, {"SEK": 5_000, "EUR": 500}), WeightRate(1_001, 9_999, {"SEK": 9_000}))
    rates = (DeliveryRate("", (CountryRate("SE", VAT), CountryRate("NO")), prices),)
    method = DeliveryMethod(number, SHOP_CHANNEL, 0, True, {"en": "Post"}, {}, None, {}, rates, {})
    return msgspec.structs.replace(method, **fields)


def payment_method(number: int, provider: Any = "manual", **fields: Any) -> PaymentMethod:
    method = PaymentMethod(
        number, SHOP_CHANNEL, number, True, {}, {}, "invoice" if provider == "manual" else "card", provider,
        "checkout", {}, VAT, None, None, "all", {}, True, False, {}, {},
    )  # fmt: skip
    return msgspec.structs.replace(method, **fields)


def discount(number: int, code: str, kind: Any, **fields: Any) -> Discount:
    values: dict[str, Any] = {
        "percent": 0, "amount": {}, "free_delivery": False, "minimum_spend": {}, "valid_from": None,
        "valid_until": None, "max_uses": None, "max_uses_per_customer": None, "used": 0, "combinable": True,
        "customer_groups": None, "active": True,
    }  # fmt: skip
    return Discount(
        number,
        SHOP_CHANNEL,
        code,
        {},
        kind=kind,
        created_at=AT,
        changed_at=AT,
        data={},
        **{**values, **fields},
    )


def certificate(
    number: int = VOUCHER, code: str = "GIFT", balance: int = 10_000, **fields: Any
) -> Certificate:
    made = Certificate(
        number,
        SHOP_CHANNEL,
        code,
        "SEK",
        balance,
        balance,
        None,
        False,
        None,
        None,
        "",
        "",
        "",
        "",
        AT,
        AT,
        {},
    )
    return msgspec.structs.replace(made, **fields)


def session(number: int = SESSION, **fields: Any) -> Session:
    values: dict[str, Any] = {
        "customer": None, "cart": None, "vat_country": None, "expires_at": AT + timedelta(days=30),
    }  # fmt: skip
    return Session(
        id=number, hash=number.to_bytes(32, "big"), channel=SHOP_CHANNEL, environment="live", currency="SEK",
        language="en", created_at=AT, version=1, **{**values, **fields},
    )  # fmt: skip


def cart(number: int = 900, **fields: Any) -> Cart:
    values: dict[str, Any] = {"session": SESSION, "currency": "SEK", "language": "en", "buyer": BUYER}
    return Cart(
        number,
        derived_uuid("cart", str(number)),
        SHOP_CHANNEL,
        "live",
        AT,
        AT,
        AT + LIFETIME,
        {},
        **{**values, **fields},
    )


def cart_line(
    no: int, variant: Variant, quantity: int, price: int | None, of: int = 900, **choices: int | str
) -> CartLine:
    answers = {name.removeprefix("c"): answer for name, answer in choices.items()}
    return CartLine(
        of,
        no,
        str(variant.product),
        str(variant.id),
        quantity,
        {},
        of * 100 + no,
        variant.product,
        variant.id,
        answers,
        price,
    )


def planned(method: PaymentMethod, of: int = 900) -> Payment:
    return Payment(of, 1, 950, method.provider, method.type, "planned", 0, "SEK", 0, None, None, method.id)


def discount_code(record: Discount | Certificate) -> CartCode:
    return CartCode(record.code, "discount" if isinstance(record, Discount) else "certificate", record.id)


def stocked(variant: int, quantity: int) -> Level:
    return settled(Level(variant, PLACE.id, 1, received=quantity))


def shop_records(*, stock: int = 10) -> list[Record]:
    """Everything but carts and codes."""
    return [
        PLACE, *article_records(), delivery_method(), payment_method(INVOICE), payment_method(BY_CARD, "card"),
        stocked(SMALL, stock), stocked(LARGE, stock), stocked(BY_METRE, stock * 100),
    ]  # fmt: skip


_ORDERED = (*(binding.kind for binding in CATALOGUE), *(binding.kind for binding in SHOP))


async def write(connection: Connection, records: Sequence[Record], workspace: int = WORKSPACE) -> None:
    """Write records as they are, parents first, and with codes the names that they go by."""
    rank = {kind: place for place, kind in enumerate(_ORDERED)}
    names = [claim_of(r.channel, r.code, r.id) for r in records if isinstance(r, Discount | Certificate)]
    records = [*records, *names]
    for record in sorted(records, key=lambda each: rank.get(type(each), len(rank))):
        binding = binding_of[type(record)]
        await connection.execute(binding.insert, workspace, binding.rows([record]))


async def open_boutique(connection: Connection, *records: Record, stock: int = 10) -> None:
    """The workspace with its shop's channel, these records, and two sessions."""
    await connection.execute(
        "insert into workspaces (id, uuid, name, sandbox, settings, created_at) values ($1, $2, 'b', true, '{}', $3)",
        WORKSPACE, derived_uuid("workspace", "b"), AT,
    )  # fmt: skip
    await connection.execute("insert into counters (workspace, next) values ($1, 1000)", WORKSPACE)
    await connection.execute(
        "insert into channels (workspace, id, uuid, door, name, settings) values ($1, $2, $3, 'textalk', 'b', $4)",
        WORKSPACE, SHOP_CHANNEL, derived_uuid("channel", "b"), msgspec.json.encode(SETTINGS).decode(),
    )  # fmt: skip
    await write(connection, [*shop_records(stock=stock), session(), session(OTHER_SESSION), *records])
