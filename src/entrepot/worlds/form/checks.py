"""What a schema cannot say: names that lead nowhere, things said twice, amounts that a currency cannot hold.

Broken set-ups that an order API documents are legal and stay: a merchant's reference that is nobody's, an integration
that is not supported, a price that is missing, zero or negative, an unknown source or tax company.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from entrepot.domain.kernel import regions
from entrepot.domain.kernel.quantity import to_units
from entrepot.gateways.addresses.port import plain_identity
from entrepot.registry import manifests
from entrepot.worlds.form.amounts import HUNDREDTHS
from entrepot.worlds.form.channel_checks import Surroundings, account_faults, account_warnings
from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.form.key_checks import key_faults, literal
from entrepot.worlds.form.mapping_checks import mapping_faults
from entrepot.worlds.form.money_checks import amount_faults, currency_faults, shop_amount_faults
from entrepot.worlds.form.provider_checks import provider_faults
from entrepot.worlds.form.secrets import presumed, secrets_in
from entrepot.worlds.form.settings import amounts_in, channel_settings
from entrepot.worlds.form.shop_checks import passwords_in, webshop_faults
from entrepot.worlds.form.types import (
    Channel,
    Merchant,
    Price,
    Product,
    Sellable,
    Shipping,
    Workspace,
    World,
)

Steps = tuple[str | int, ...]

_REFERENCE = re.compile(r"[0-9a-f]{24}\Z")
_TOO_FINE = "more decimals than the scale of {} allows"
_OWN = ("id", "sku", "prices", "stock", "tracked", "scale", "weight")


def meaning_faults(world: World) -> list[Fault]:
    """All faults of a world that is true to its schema, in the order of the file."""
    faults = [Fault(pointer(steps), message) for steps, message in _world(world)]
    return list(dict.fromkeys(faults))


Found = Iterator[tuple[Steps, str]]


def _world(world: World) -> Found:
    seen: dict[tuple[str, str], Steps] = {}
    for title, workspace in world.workspaces.items():
        steps = ("workspaces", title)
        yield from _workspace(workspace, steps)
        yield from _accounts(workspace, steps, sandbox=world.sandbox)
        if not world.sandbox:
            yield from _secrets(workspace, steps)
        for what, kind, name, where in (*_literal_keys(workspace, steps), *_numbers(workspace, steps)):
            if (kind, name) in seen:
                yield where, f"the same {what} stands at {pointer(seen[kind, name])}"
            seen.setdefault((kind, name), where)


def _workspace(workspace: Workspace, steps: Steps) -> Found:
    for name, merchant in workspace.merchants.items():
        yield from _merchant(merchant, (*steps, "merchants", name))
    for name, product in workspace.products.items():
        yield from _product(product, workspace, (*steps, "products", name))
    yield from _unique(workspace, steps)
    yield from provider_faults(workspace, steps)
    yield from _taxes(workspace, (*steps, "taxes", "rates"))
    for name, channel in workspace.channels.items():
        yield from _channel(channel, (*steps, "channels", name))
    for name, storefront in workspace.storefronts.items():
        if storefront.channel not in workspace.channels:
            yield (*steps, "storefronts", name, "channel"), "no channel of this workspace"
    yield from _bank(workspace, (*steps, "bank"))
    yield from _residents(workspace, (*steps, "residents"))
    yield from webshop_faults(workspace, steps)
    yield from shop_amount_faults(workspace, steps)


def _merchant(merchant: Merchant, steps: Steps) -> Found:
    yield from _country(merchant.country, (*steps, "country"))
    province = merchant.address.province
    if province and regions.province_of(merchant.country, province) is None:
        yield (*steps, "address", "province"), f"no region of {merchant.country} in ISO 3166-2"
    for country, rates in merchant.shipping.items():
        yield from _country(country, (*steps, "shipping", country))
        for currency, rate in rates.items():
            where = (*steps, "shipping", country, currency)
            yield from currency_faults(currency, where)
            yield from _parts_of(rate, ("price", "free_from"), currency, where)


def _product(product: Product, workspace: Workspace, steps: Steps) -> Found:
    named = product.merchant
    if named is not None and named not in workspace.merchants and not _REFERENCE.match(named):
        yield (*steps, "merchant"), "no merchant of this workspace, and no 24-digit reference"
    yield from _sellable(product, workspace, steps)
    for name, variant in product.variants.items():
        yield from _sellable(variant, workspace, (*steps, "variants", name))
    if product.variants:
        plain = Product(name="")
        for field in _OWN[1:]:
            if getattr(product, field) != getattr(plain, field):
                yield (*steps, field), "a product with variants says this of each variant"


def _sellable(item: Sellable, workspace: Workspace, steps: Steps) -> Found:
    for currency, price in item.prices.items():
        where = (*steps, "prices", currency)
        yield from currency_faults(currency, where)
        yield from _parts_of(price, ("price", "compare_at"), currency, where)
    for location, quantity in item.stock.items():
        where = (*steps, "stock", location)
        if location not in workspace.locations:
            yield where, "no location of this workspace"
        if to_units(str(quantity), item.scale) is None:
            yield where, _TOO_FINE.format(item.scale)
    if item.divisible_by is not None and not to_units(str(item.divisible_by), item.scale):
        yield (*steps, "divisible_by"), f"zero, or {_TOO_FINE.format(item.scale)}"


def _parts_of(
    given: str | int | Price | Shipping, parts: tuple[str, ...], currency: str, steps: Steps
) -> Found:
    """An amount may stand alone, or as a table with another one beside it."""
    if isinstance(given, str | int):
        yield from amount_faults(given, currency, steps)
        return
    for part in parts:
        yield from amount_faults(getattr(given, part), currency, (*steps, part))


def _unique(workspace: Workspace, steps: Steps) -> Found:
    """Ids, skus and merchants' references are unique within the workspace."""
    for field, message in (("id", "the id of another {kind}"), ("sku", "the sku of another variant")):
        yield from _repeated(
            _named_values(workspace, steps, field), message.format(kind="product or variant")
        )
    refs = (
        ((*steps, "merchants", name, "ref"), merchant.ref)
        for name, merchant in workspace.merchants.items()
        if merchant.ref
    )
    yield from _repeated(refs, "the reference of another merchant")


def _repeated(values: Iterable[tuple[Steps, object]], message: str) -> Found:
    seen: set[object] = set()
    for where, value in values:
        if value in seen:
            yield where, message
        seen.add(value)


def _named_values(workspace: Workspace, steps: Steps, field: str) -> Iterator[tuple[Steps, object]]:
    for name, product in workspace.products.items():
        where = (*steps, "products", name)
        if field == "id" and product.id is not None:
            yield (*where, "id"), product.id
        elif field == "sku" and not product.variants:
            yield (*where, "sku"), product.sku or name
        for inner, variant in product.variants.items():
            value = variant.id if field == "id" else variant.sku or f"{name}-{inner}"
            if value is not None:
                yield (*where, "variants", inner, field), value


def _taxes(workspace: Workspace, steps: Steps) -> Found:
    for region in workspace.taxes.rates:
        country, _, province = region.partition("-")
        if province and regions.province_of(country, province) is None:
            yield (*steps, region), "no region of ISO 3166-2"
        elif not province:
            yield from _country(country, (*steps, region))
        if to_units(str(workspace.taxes.rates[region].duty_threshold), HUNDREDTHS) is None:
            yield (*steps, region, "duty_threshold"), "more than two decimals"


def _channel(channel: Channel, steps: Steps) -> Found:
    for name, key in channel.keys.items():
        yield from key_faults(channel.door, name, key, (*steps, "keys", name))
    yield from mapping_faults(channel, steps)


def _accounts(workspace: Workspace, steps: Steps, *, sandbox: bool) -> Found:
    for name, channel in workspace.channels.items():
        where = (*steps, "channels", name, "settings")
        wrong = [
            fault
            for inner, currency, amount in amounts_in(channel.settings)
            for faults in (currency_faults, partial(amount_faults, amount))
            for fault in faults(currency, (*where, *inner))
        ]
        yield from wrong
        if wrong:
            continue
        settings = channel_settings(presumed(channel.settings))
        methods = workspace.webshops[name].payment.values() if name in workspace.webshops else ()
        around = Surroundings(
            sandbox,
            workspace.order_sources,
            frozenset(workspace.taxes.companies),
            any(method.provider == "card" for method in methods),
        )
        for inner, message in account_faults(channel.door, settings, around):
            yield (*where, *inner), message


def warnings_of(workspace: Workspace, steps: Steps, *, sandbox: bool) -> Found:
    """What accounts of a workspace that is in order may be, and yet are hardly meant to be."""
    for name, channel in workspace.channels.items():
        settings = channel_settings(presumed(channel.settings))
        for inner, message in account_warnings(channel.door, settings, sandbox=sandbox):
            yield (*steps, "channels", name, "settings", *inner), message


def _bank(workspace: Workspace, steps: Steps) -> Found:
    for name, balances in workspace.bank.accounts.items():
        for currency, amount in balances.items():
            where = (*steps, "accounts", name, currency)
            yield from currency_faults(currency, where)
            yield from amount_faults(amount, currency, where)
        if name in workspace.bank.payouts:
            yield (*steps, "payouts", name), "the account of a cardholder"
    for number, card in enumerate(workspace.bank.cards.values()):
        if card.account not in workspace.bank.accounts:
            yield (*steps, "cards"), f"card {number + 1} is of no account of this bank"


def _residents(workspace: Workspace, steps: Steps) -> Found:
    """A number written in two ways is one number."""
    for country, residents in workspace.residents.items():
        yield from _country(country, (*steps, country))
        numbers = (((*steps, country, number), plain_identity(number)) for number in residents)
        yield from _repeated(numbers, "the number of another resident")


def _secrets(workspace: Workspace, steps: Steps) -> Found:
    """Outside a sandbox no secret stands in the file, and nobody simulates a bank, a hub or a partner."""
    message = 'secrets are named, as in `{ env = "NAME" }`, unless the file says `sandbox = true`'
    for name, channel in workspace.channels.items():
        where = (*steps, "channels", name)
        for inner, value in secrets_in(channel.settings):
            if isinstance(value, str):
                yield (*where, "settings", *inner), message
        for key, value in channel.keys.items():
            if literal(value) is not None:
                yield (*where, "keys", key), message
    for where, value in passwords_in(workspace, steps):
        if isinstance(value, str):
            yield where, message
    for field in ("bank", "partner", "hub", "residents"):
        if getattr(workspace, field) != getattr(Workspace(), field):
            yield (*steps, field), "simulated accounts and people belong to files that say `sandbox = true`"


def _literal_keys(workspace: Workspace, steps: Steps) -> Iterator[tuple[str, str, str, Steps]]:
    for name, channel in workspace.channels.items():
        for key, value in channel.keys.items():
            own, secret = manifests()[channel.door].own_keys, literal(value)
            known = own or manifests()[channel.door].keys.get(key)
            if known and secret is not None:
                yield f"{channel.door} key", known.kind, secret, (*steps, "channels", name, "keys", key)


def _numbers(workspace: Workspace, steps: Steps) -> Iterator[tuple[str, str, str, Steps]]:
    """The numbers of accounts: each is good for one of the server."""
    for name, channel in workspace.channels.items():
        for member, kind in manifests()[channel.door].numbers.items():
            number: Any = channel.settings.get("door", {}).get(member)
            if number is not None:
                yield "number", kind, str(number), (*steps, "channels", name, "settings", "door", member)


def _country(code: str, steps: Steps) -> Found:
    if not regions.country_exists(code):
        yield steps, "no country of ISO 3166-1"
