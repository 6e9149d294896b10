"""The webshops of a world as records, with the choices and groups of the catalogue that they sell from.

Pure but for passwords, which are hashed under a salt of their own name, so that applying the same file again changes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from argon2 import PasswordHasher, Type
from argon2.low_level import hash_secret

from entrepot.domain.catalogue import options as articles
from entrepot.domain.catalogue.products import Product, product_uuid
from entrepot.domain.channels import shops
from entrepot.domain.customers import records as customers
from entrepot.domain.kernel.ids import derived_uuid
from entrepot.domain.kernel.moments import read_moment
from entrepot.domain.kernel.records import Record
from entrepot.domain.kernel.text import fold, folded
from entrepot.domain.payments import methods as payment_methods
from entrepot.domain.pricing import delivery_methods as delivery
from entrepot.domain.pricing import discounts
from entrepot.domain.pricing import gift_certificates as certificates
from entrepot.registry import manifests
from entrepot.worlds.form import shop_types as t
from entrepot.worlds.form.amounts import millionths, minor
from entrepot.worlds.form.secrets import Environment, Steps
from entrepot.worlds.form.types import Workspace
from entrepot.worlds.plan.records import MADE_AT, ChannelRow, IdOf

_SALT_BYTES = 16
_ARGON2 = PasswordHasher()


def shop_records(workspace: str, spec: Workspace, id_of: IdOf, secrets: Environment) -> Iterator[Record]:
    """All that webshops sell with. Passwords are looked up in `secrets`, which notes those that are missing."""

    def product_id(name: str) -> int:
        return id_of(Product, product_uuid(workspace, name))

    yield from _catalogue(spec, product_id)
    for name, shop in spec.webshops.items():
        channel = id_of(ChannelRow, (spec.channels[name].door, name))
        zone = ZoneInfo(spec.channels[name].settings.get("shop", {}).get("time_zone", "UTC"))
        yield from _set_up(shop, channel)
        yield from _codes(shop, channel, zone)
        yield from _people(workspace, spec, name, channel, secrets)


def _catalogue(spec: Workspace, product_id: Callable[[str], int]) -> Iterator[Record]:
    """Choices, options and groups, and which product has which choices; `product_id` gives the id of a named one."""
    for choice in spec.choices.values():
        yield _choice(choice)
        for position, option in enumerate(choice.options.values()):
            prices = _amounts(option.price)
            yield articles.ChoiceOption(option.id, choice.id, position, option.name, prices, {})
    for position, group in enumerate(spec.groups.values()):
        parent = spec.groups[group.parent].id if group.parent else None
        yield articles.ProductGroup(
            group.id, parent, position, group.hidden, group.name, {}, {}, MADE_AT, MADE_AT
        )
    for name, product in spec.products.items():
        for position, choice in enumerate(product.choices):
            yield articles.ProductChoice(product_id(name), spec.choices[choice].id, position, None, {})


def _choice(choice: t.Choice) -> articles.Choice:
    return articles.Choice(
        id=choice.id,
        kind=choice.kind,
        name=choice.name,
        description={},
        mandatory=choice.mandatory,
        minimum=_parts(choice.minimum),
        maximum=None if choice.maximum is None else _parts(choice.maximum),
        multiple_of=_parts(choice.multiple_of),
        multiplies_price=choice.multiplies_price,
        multiplies_weight=choice.multiplies_weight,
        per_unit=choice.per_unit,
        max_size=choice.max_size,
        created_at=MADE_AT,
        changed_at=MADE_AT,
        data={},
    )


def _parts(number: str | int) -> int:
    return int(Decimal(number) * articles.PARTS)


def _set_up(shop: t.Webshop, channel: int) -> Iterator[Record]:
    """What the shop sets up: languages, methods, customer groups."""
    for position, (code, currency) in enumerate(shop.languages.items()):
        yield shops.Language(channel, code, True, position, currency)
    for group in shop.customer_groups.values():
        yield customers.CustomerGroup(group.id, channel, group.name, {})
    for position, method in enumerate(shop.delivery.values()):
        yield _delivery(method, channel, position)
    for position, (name, method) in enumerate(shop.payment.items()):
        yield _payment(name, method, channel, position)


def _offered(method: t.Delivery | t.Payment, channel: int, position: int) -> dict[str, Any]:
    """What every method has that a shop offers to buyers."""
    return {
        "id": method.id,
        "channel": channel,
        "position": position,
        "active": True,
        "name": method.name,
        "description": {},
    }


def _delivery(method: t.Delivery, channel: int, position: int) -> delivery.DeliveryMethod:
    return delivery.DeliveryMethod(
        **_offered(method, channel, position),
        customer_groups=method.groups,
        free_from=_amounts(method.free_from),
        rates=tuple(_rate(zone) for zone in method.zones),
        data={},
    )


def _rate(zone: t.Zone) -> delivery.DeliveryRate:
    limits = sorted(int(grams) for grams in zone.prices)
    lowest = [0, *(limit + 1 for limit in limits)]
    return delivery.DeliveryRate(
        countries=tuple(delivery.CountryRate(code, millionths(vat)) for code, vat in zone.countries.items()),
        weights=tuple(
            delivery.WeightRate(low, high, _amounts(zone.prices[str(high)]))
            for low, high in zip(lowest, limits, strict=False)
        ),
    )


def _payment(name: str, method: t.Payment, channel: int, position: int) -> payment_methods.PaymentMethod:
    intervals = {
        currency: payment_methods.CostInterval(amount)
        for currency, amount in _amounts(method.cost_from).items()
    }
    return payment_methods.PaymentMethod(
        **_offered(method, channel, position),
        type=name,
        provider=method.provider,
        capture=method.capture,
        fee=_amounts(method.fee),
        fee_vat_rate=millionths(method.fee_vat),
        currencies=method.currencies,
        customer_groups=method.groups,
        cost_mode="interval" if intervals else "all",
        cost_intervals=intervals,
        with_certificate=method.with_certificate,
        address_lookup=method.address_lookup,
        params={},
        data={},
    )


def _codes(shop: t.Webshop, channel: int, zone: tzinfo) -> Iterator[Record]:
    """Discounts and certificates; `zone` is where the shop's days end."""
    for code, discount in shop.discounts.items():
        yield _discount(code, discount, channel, zone)
    for code, certificate in shop.certificates.items():
        yield _certificate(code, certificate, channel, zone)


def _people(
    workspace: str, spec: Workspace, name: str, channel: int, secrets: Environment
) -> Iterator[Record]:
    """A shop's customers and administrators."""
    shop, steps = spec.webshops[name], ("workspaces", workspace, "webshops", name)
    kept = manifests()[spec.channels[name].door].webshop

    def secret(given: Any, where: Steps) -> str:
        return (
            given
            if isinstance(given, str)
            else secrets.get(given.env, where, kept.shortest_password if kept else 1)
        )

    for email, customer in shop.customers.items():
        password = secret(customer.password, (*steps, "customers", email, "password"))
        yield _customer(workspace, email, customer, channel, password)
    for username, administrator in shop.administrators.items():
        where = (*steps, "administrators", username, "password")
        password = _hash(workspace, username, secret(administrator.password, where))
        yield customers.Administrator(administrator.id, channel, username, password, username, True, MADE_AT)


def _until(text: str | None, zone: tzinfo) -> datetime | None:
    return None if text is None else read_moment(text, zone, until=True)


def _discount(code: str, discount: t.Discount, channel: int, zone: tzinfo) -> discounts.Discount:
    kind = "percent" if discount.percent else "amount" if discount.amount else "free_delivery"
    return discounts.Discount(
        id=discount.id,
        channel=channel,
        code=code.strip(),
        name={},
        active=True,
        kind=kind,
        percent=millionths(discount.percent) if discount.percent else 0,
        amount=_amounts(discount.amount),
        free_delivery=discount.free_delivery,
        minimum_spend=_amounts(discount.minimum_spend),
        valid_from=None,
        valid_until=_until(discount.valid_until, zone),
        max_uses=discount.max_uses,
        max_uses_per_customer=discount.max_uses_per_customer,
        used=0,
        combinable=True,
        customer_groups=None,
        created_at=MADE_AT,
        changed_at=MADE_AT,
        data={},
    )


def _certificate(
    code: str, certificate: t.Certificate, channel: int, zone: tzinfo
) -> certificates.Certificate:
    value = minor(certificate.value, certificate.currency)
    return certificates.Certificate(
        id=certificate.id,
        channel=channel,
        code=code.strip(),
        currency=certificate.currency,
        original=value,
        balance=value,
        expires_at=_until(certificate.expires_at, zone),
        cancelled=certificate.cancelled,
        order=None,
        product=None,
        recipient="",
        recipient_email="",
        sender="",
        sender_email="",
        created_at=MADE_AT,
        changed_at=MADE_AT,
        data={},
    )


def _customer(
    workspace: str, email: str, customer: t.Customer, channel: int, password: str
) -> customers.Customer:
    return customers.Customer(
        id=customer.id,
        uuid=derived_uuid(workspace, "customer", str(customer.id)),
        channel=channel,
        email=email,
        email_folded=folded(email),
        state="confirmed",
        approved=customer.approved,
        password_hash=_hash(workspace, email, password),
        language=None,
        groups=customer.groups,
        address=customers.ContactAddress(first_name=customer.first_name, last_name=customer.last_name),
        delivery_address=customers.DeliveryAddress(),
        info=customers.BuyerInfo(email=email),
        custom={},
        search=fold(f"{email} {customer.first_name} {customer.last_name}"),
        created_at=MADE_AT,
        changed_at=MADE_AT,
        version=1,
        secured_at=MADE_AT,
    )


@lru_cache(maxsize=4096)
def _hash(workspace: str, name: str, password: str) -> str:
    """The password's hash; its salt is made of whose it is, which nobody else's is.

    It is slow by design, and a sandbox that begins anew applies the same file again: so it is kept.
    """
    salt = sha256(f"{workspace}\0{name}".encode()).digest()[:_SALT_BYTES]
    made = hash_secret(
        password.encode(),
        salt,
        time_cost=_ARGON2.time_cost,
        memory_cost=_ARGON2.memory_cost,
        parallelism=_ARGON2.parallelism,
        hash_len=_ARGON2.hash_len,
        type=Type.ID,
    )
    return made.decode()


def _amounts(amounts: t.Amounts) -> dict[str, int]:
    return {currency: minor(amount, currency) for currency, amount in amounts.items()}
