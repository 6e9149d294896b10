"""What a batch (or a plain read) brings into a view: the statements of every stage, in the order of locks.

What is particular to a stage stands here and in `shop_stages`; what stages share is in `finds`.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, Protocol, cast

import msgspec

from entrepot.domain.carts.records import Cart, CartFile, CartLine
from entrepot.domain.catalogue.products import Goods, Offer, Variant
from entrepot.domain.channels.accounts import Channel, ChannelSettings, Reference, WorkspaceSettings
from entrepot.domain.channels.guessing import Tries
from entrepot.domain.channels.storefronts import Storefront
from entrepot.domain.customers.records import Customer, OneTimeCode, Session
from entrepot.domain.fulfilment.records import (
    Return,
    ReturnEvent,
    ReturnLine,
    Shipment,
    ShipmentEvent,
    ShipmentLine,
)
from entrepot.domain.kernel.commands import Command
from entrepot.domain.kernel.records import Record, View
from entrepot.domain.kernel.stages import LEADS_TO, Stage
from entrepot.domain.orders.payments import Payment, Refund
from entrepot.domain.orders.records import InvoiceLine, Order, OrderEvent, OrderLine, OrderPart
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.domain.placing.attempts import Attempt
from entrepot.domain.pricing.discounts import Discount, DiscountUse
from entrepot.domain.pricing.flat_rates import ShippingRate
from entrepot.domain.pricing.gift_certificates import Certificate, CertificateUse
from entrepot.domain.pricing.taxes import TaxCompany, TaxRate
from entrepot.domain.stock.levels import FirstLocation, Hold, Level
from entrepot.store.batches.binding import keyed
from entrepot.store.batches.bindings import BINDINGS, ROWS
from entrepot.store.batches.catalogue_stages import KEPT, LOCATIONS, PRODUCTS
from entrepot.store.batches.finds import Find, known_by, locked, plain, records
from entrepot.store.batches.shop_stages import ARTICLES, DISCOUNT_USES, GROUPS, METHODS
from entrepot.store.tables.catalogue import ON_SALE


class _Account(msgspec.Struct):
    """A channel as it is stored, with its workspace's settings."""

    id: int
    door: str
    name: str
    settings: ChannelSettings
    general: WorkspaceSettings
    real: bool


_accounts = msgspec.json.Decoder(list[_Account]).decode


def _channels(text: str) -> Iterator[Channel]:
    for row in _accounts(text):
        known = row.general
        names = (known.order_sources, known.merchant_integrations)
        yield Channel(row.id, row.door, row.name, row.settings, *names, row.real)


_CHANNELS = f"""
select c.id, c.door, c.name, c.settings, w.settings as general, not w.sandbox as real from {keyed({"id": "bigint"})}
cross join lateral (select * from channels where workspace = $1 and id = k.id offset 0) c
cross join lateral (select * from workspaces where id = $1 offset 0) w
"""

_NAMES = keyed({"channel": "bigint", "environment": "text", "kind": "text", "value": "text"})
_REFERENCES = f"""
select k.channel, k.environment, k.kind, k.value, r.target, r.attempt from {_NAMES}
cross join lateral (
  select target, attempt from "references"
  where workspace = $1 and channel = k.channel and environment = k.environment and kind = k.kind and value = k.value
  offset 0
) r
"""

_OFFERS = f"""
select to_json(k) as name, p.id as product_id, p.name as title,
  {ON_SALE} and coalesce(v.available, true) as available,
  p.tax_included, p.free_shipping, p.requires_shipping, p.excluded_methods, p.merchant as merchant_ref,
  m.id as merchant_id, coalesce(m.name, '') as merchant_name, coalesce(m.country, '') as merchant_country,
  coalesce(m.address, '{{{{}}}}') as merchant_address,
  coalesce(m.integration, '') as integration, m.payout_account,
  v.id as variant_id, coalesce(v.sku, '') as sku, coalesce(v.name, '') as variant_title,
  coalesce(v.scale, 0) as scale, coalesce(v.tracked, true) as tracked, coalesce(v.weight, 0) as weight,
  r.amount as price, s.amount as remembered
from json_to_recordset({{keys}}) k(channel bigint, environment text, product uuid, variant bigint, currency text)
cross join lateral (select * from products where workspace = $1 and uuid = k.product and deleted_at is null offset 0) p
left join lateral (select * from merchants where workspace = $1 and ref = p.merchant offset 0) m on true
left join lateral (
  select * from variants
  where workspace = $1 and id = k.variant and product = p.id and deleted_at is null offset 0
) v on true
left join lateral (
  select amount from prices where workspace = $1 and variant = v.id and currency = k.currency offset 0
) r on true
left join lateral (
  select amount from remembered_prices
  where workspace = $1 and channel = k.channel and environment = k.environment
    and variant = v.id and currency = k.currency
  offset 0
) s on true
"""

_GOODS = f"""
select k.sku, p.uuid as product, p.id as product_id, v.id as variant, p.name, v.scale, v.tracked,
  v.available and {ON_SALE} as available, p.requires_shipping
from {keyed({"sku": "text"})}
cross join lateral (
  select * from variants where workspace = $1 and sku = k.sku and deleted_at is null offset 0
) v
cross join lateral (select * from products where workspace = $1 and id = v.product offset 0) p
"""

# Only where some variant stands nowhere is there anything to be owed at the first location. Said as `not exists`, it
# would be joined, and every batch would read the stock of the whole workspace.
_FIRST_LOCATION = f"""
select id, priority from locations
where workspace = $1 and deleted_at is null and exists (
  select from {keyed({"key": "bigint"})}
  left join lateral (select variant from stock where workspace = $1 and variant = k.key limit 1) s on true
  where s.variant is null
) order by priority, id limit 1
"""

_SHIPPING = f"""
select k.merchant, k.country, k.currency, s.amount, s.free_from
from {keyed({"merchant": "text", "country": "text", "currency": "text"})}
cross join lateral (
  select amount, free_from from shipping_rates
  where workspace = $1 and merchant = k.merchant and country = k.country and currency = k.currency
  offset 0
) s
"""

_REGIONS = keyed({"company": "text", "country": "text"})
_COMPANIES = f"""
select c.code from {_REGIONS}
cross join lateral (select code from tax_companies where workspace = $1 and code = k.company offset 0) c
"""
_RATES = f"""
select r.country, r.province, r.rate, r.shipping_taxed, r.duty_rate, r.duty_threshold from {_REGIONS}
cross join lateral (select * from tax_rates where workspace = $1 and country = k.country offset 0) r
"""

_TAKEN: Final = (Find(_REFERENCES, records(Reference)),)

FINDS: dict[Stage, tuple[Find, ...]] = {
    Stage.CHANNEL: (Find(_CHANNELS, _channels),),  # settings are read as they stand
    Stage.REFERENCE: _TAKEN,  # a name is taken by inserting it
    Stage.TRIES: locked(Tries, "subject"),
    Stage.CODE: locked(OneTimeCode, "hash"),
    Stage.STOREFRONT: plain(Storefront, "uuid"),
    Stage.SESSION: locked(Session, "id"),
    Stage.CUSTOMER: locked(Customer, "id"),
    Stage.CART: locked(Cart, "id", CartLine, CartFile, parent="cart"),
    Stage.ORDER: locked(
        Order, "id", OrderPart, OrderLine, Payment, Refund, InvoiceLine, Hold, DiscountUse, CertificateUse
    ),
    Stage.ATTEMPT: locked(Attempt, "id"),
    Stage.PAYMENT: locked(Payment, "order"),
    Stage.BUYER: plain(Customer),
    Stage.DISCOUNT: locked(Discount, "id"),
    Stage.DISCOUNT_USE: DISCOUNT_USES,
    Stage.CERTIFICATE: locked(Certificate, "id"),
    Stage.DELIVERY: (known_by(Delivery),),
    # The order's lock guards what hangs on it; it is read after the lock was taken, as its other children are.
    Stage.SHIPMENT: tuple(
        find for kind in (Shipment, ShipmentLine, ShipmentEvent) for find in plain(kind, "order")
    ),
    Stage.RETURN: tuple(find for kind in (Return, ReturnLine, ReturnEvent) for find in plain(kind, "order")),
    Stage.PLACER: (Find(_CHANNELS, _channels),),
    # What nothing but its deletion needs to know of an order: its history, and all names that stand for it.
    Stage.BELONGINGS: (*plain(OrderEvent, "order"), *plain(Reference, "target")),
    Stage.OFFER: (Find(_OFFERS, records(Offer)),),  # what changes meanwhile changes after this order
    Stage.SHIPPING: (Find(_SHIPPING, records(ShippingRate)),),
    Stage.TAX: (Find(_COMPANIES, records(TaxCompany)), Find(_RATES, records(TaxRate))),
    Stage.ARTICLE: ARTICLES,
    Stage.METHOD: METHODS,
    Stage.PRODUCT: PRODUCTS,
    Stage.HELD: _TAKEN,
    Stage.GROUP: GROUPS,
    Stage.ROW: tuple(known_by(binding.kind) for binding in (*ROWS, *BINDINGS)),
    Stage.LOCATION: LOCATIONS,
    Stage.VARIANT: plain(Variant),
    Stage.GOODS: (Find(_GOODS, records(Goods)),),
    Stage.STOCK: (*locked(Level, "variant"), Find(_FIRST_LOCATION, records(FirstLocation))),
    Stage.KEPT: KEPT,  # the location's lock keeps others from counting there
}
"""The statements of each stage, in the order of locks; of `ROW`, one per kind, in the order of writing."""

STEPS: Final = tuple((stage, find) for stage, finds in FINDS.items() for find in finds)
"""All statements, in the order of locks."""
_FIRST: Final = {stage: next(n for n, (own, _) in enumerate(STEPS) if own is stage) for stage in FINDS}
_ROW_STEP: Final = {
    binding.kind: number for number, binding in enumerate((*ROWS, *BINDINGS), _FIRST[Stage.ROW])
}

_Row = tuple[type[Record], Hashable]
Wanted = Mapping[int, Sequence[Hashable]]
"""The keys of each step that is wanted; steps by their place in `STEPS`, in its order."""


class Reader(Protocol):
    """Who asks the database: the keys of some steps in one round trip."""

    async def find(self, wanted: Wanted, *, last: bool) -> Iterable[tuple[int, str | None]]:
        """What these steps found. The `last` round trip may have nothing to find, and more to do."""
        ...


async def load(reader: Reader, commands: Sequence[Command], view: View) -> None:
    """Bring what these commands want into the view, as many stages in one round trip as do not lead to each other."""
    stages = frozenset[Stage]().union(*(command.stages for command in commands))
    wanted: dict[Stage, dict[Hashable, None]] = {}
    led_to = frozenset[Stage]()
    for stage in FINDS:
        if stage not in stages:
            continue
        if stage in led_to and not all(stage not in c.stages or c.knows(stage) for c in commands):
            await bring(reader, wanted, view, last=False)
            wanted, led_to = {}, frozenset[Stage]()
        if keys := dict.fromkeys(chain.from_iterable([command.wants(stage, view) for command in commands])):
            wanted[stage] = keys
            led_to |= LEADS_TO[stage]
    await bring(reader, wanted, view)


async def bring(
    reader: Reader, wanted: Mapping[Stage, Collection[Hashable]], view: View, *, last: bool = True
) -> None:
    """Bring what stands under these keys into the view."""
    steps = {number: own for stage, keys in wanted.items() for number, own in _steps(stage, keys)}
    rows = set(cast("Iterable[_Row]", wanted.get(Stage.ROW, ())))
    for number, text in await reader.find(steps, last=last):
        stage, find = STEPS[number]
        for record in find.decode(text or "[]"):
            view.load(record)
            if stage is Stage.ROW:
                rows.discard((type(record), record.key))
    for stage, keys in wanted.items():
        view.ask(stage, keys)
    # Who deletes a row waits for no reader: an earlier stage may have seen what this one, with its lock, found gone.
    for kind, key in rows:
        view.miss(kind, key)


def _steps(stage: Stage, wanted: Iterable[Hashable]) -> Iterable[tuple[int, Sequence[Hashable]]]:
    """The steps of a stage, with their keys."""
    keys = list(wanted)
    if stage is not Stage.ROW:
        first = _FIRST[stage]
        return [(number, keys) for number in range(first, first + len(FINDS[stage]))]
    own: dict[int, list[Hashable]] = {}
    for kind, key in cast("Sequence[_Row]", keys):
        own.setdefault(_ROW_STEP[kind], []).append(key)
    return sorted(own.items())
