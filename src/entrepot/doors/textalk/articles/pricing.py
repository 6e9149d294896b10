"""What articles cost with and without VAT: by the rule by which carts are added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from entrepot.domain.carts.totals import buyers_vat_country
from entrepot.domain.channels.accounts import ShopSettings
from entrepot.domain.customers.records import Buyer
from entrepot.domain.kernel.money import to_major
from entrepot.domain.pricing.vat import rate_in, split
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import Snapshot
from entrepot.doors.textalk.wire.json import Json

_BOTH: Final = shapes.Record(properties={"incVat": shapes.by_currency(), "exVat": shapes.by_currency()})
PRICING: Final = shapes.Record(
    properties={"qtyFloor": shapes.number(0), "regular": _BOTH, "specialOffer": _BOTH}
)

_PRICES: Final = """
select p.id, p.vat_rate, r.currency, coalesce(r.compare_at, r.amount),
  case when r.compare_at is not null then r.amount end
from unnest((select $2::bigint[])) k(uid)
join products p on p.workspace = $1 and p.id = k.uid
join variants v on v.workspace = $1 and v.product = p.id and v.position = 0
left join prices r on r.workspace = $1 and r.variant = v.id and r.amount is not null
order by p.id, r.currency
"""

_BUYER: Final = """
select coalesce(c.buyer, case when c.id is null then
    jsonb_build_object('address', coalesce(u.address, '{}'), 'deliveryAddress', coalesce(u.delivery_address, '{}'))
  end, '{}')::text, case when c.id is null then s.vat_country else c.vat_country end
from sessions s
left join carts c on c.workspace = s.workspace and c.id = s.cart
left join customers u on u.workspace = s.workspace and u.id = s.customer
where s.workspace = $1 and s.id = $2
"""
"""What is known of who buys on a session: by the cart, or before there is one by the customer."""

Row = tuple[int, int, str | None, int | None, int | None]


async def pricing(snapshot: Snapshot, context: Context, uids: Sequence[Any]) -> Mapping[Any, Json]:
    """One step each, from one unit on: shops here have no prices by quantity."""
    shop = context.shop
    rows = await snapshot.fetch(_PRICES, [shop.workspace, list(uids)])
    by_article: dict[int, list[Row]] = {}
    for row in rows:
        by_article.setdefault(row[0], []).append(tuple(row))
    country = await _vat_country(snapshot, context)
    return {uid: [_step(own, country, shop.settings.shop)] for uid, own in by_article.items()}


async def _vat_country(snapshot: Snapshot, context: Context) -> str:
    """The country whose VAT a cart of this session has, so that an article costs what the cart will say."""
    shop, session = context.shop, context.session
    if session is None:
        return context.vat_country or shop.settings.shop.vat_country
    rows = await snapshot.fetch(_BUYER, [shop.workspace, session.id])
    text, wished = rows[0] if rows else ("{}", None)
    buyer = msgspec.json.decode(text, type=Buyer)
    return buyers_vat_country(buyer, wished or context.vat_country, shop.settings.shop)


def _step(rows: Sequence[Row], country: str, shop: ShopSettings) -> Json:
    return {
        "qtyFloor": 1,
        "regular": _with_and_without(((row[1], row[2], row[3]) for row in rows), country, shop),
        "specialOffer": _with_and_without(((row[1], row[2], row[4]) for row in rows), country, shop),
    }


def _with_and_without(
    amounts: Iterable[tuple[int, str | None, int | None]], country: str, shop: ShopSettings
) -> dict[str, Json]:
    inc: dict[str, Json] = {}
    ex: dict[str, Json] = {}
    for home, currency, stored in amounts:
        if currency is not None and stored is not None:
            value = split(stored, home, rate_in(country, home, shop), included=shop.prices_include_vat)
            inc[currency], ex[currency] = to_major(value.inc, currency), to_major(value.ex, currency)
    return {"incVat": inc, "exVat": ex}
