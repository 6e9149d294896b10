"""Loaders of what buying in a shop looks at: articles with their choices, methods, codes and their uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from entrepot.domain.articles import Choice, ChoiceOption, ProductChoice
from entrepot.domain.catalogue import Merchant, Price, Product, Variant
from entrepot.domain.certificates import Certificate, CertificateUse
from entrepot.domain.delivery import DeliveryMethod
from entrepot.domain.discounts import Discount, DiscountUse
from entrepot.domain.payment_methods import PaymentMethod
from entrepot.domain.state import View
from entrepot.store.binding import Binding
from entrepot.store.connections import Connection
from entrepot.store.loading import Loader, binding_of, by_key, plain, rows_of

_product, _variants = plain(Product), plain(Variant, "product")


def _below_product(binding: Binding, path: str) -> str:
    """Rows that products lead to: `path` names them `t` and starts from the product `k.id`."""
    return f"select distinct {binding.select('t')} from unnest($2::bigint[]) k(id) {path}"  # noqa: S608


_PRICES = _below_product(
    binding_of[Price],
    """
    cross join lateral (select id from variants where workspace = $1 and product = k.id offset 0) v
    cross join lateral (select * from prices where workspace = $1 and variant = v.id offset 0) t
    """,
)
_LINKS = by_key(binding_of[ProductChoice], "product", "bigint", "")
_CHOICES = _below_product(
    binding_of[Choice],
    """
    cross join lateral (select choice from product_choices where workspace = $1 and product = k.id offset 0) l
    cross join lateral (select * from article_choices where workspace = $1 and id = l.choice offset 0) t
    """,
)
_OPTIONS = _below_product(
    binding_of[ChoiceOption],
    """
    cross join lateral (select choice from product_choices where workspace = $1 and product = k.id offset 0) l
    cross join lateral (
      select * from article_choice_options where workspace = $1 and choice = l.choice offset 0
    ) t
    """,
)
_MERCHANTS = _below_product(
    binding_of[Merchant],
    """
    cross join lateral (select merchant from products where workspace = $1 and id = k.id offset 0) p
    cross join lateral (select * from merchants where workspace = $1 and ref = p.merchant offset 0) t
    """,
)
_ARTICLES = (
    (binding_of[Price], _PRICES),
    (binding_of[ProductChoice], _LINKS),
    (binding_of[Choice], _CHOICES),
    (binding_of[ChoiceOption], _OPTIONS),
    (binding_of[Merchant], _MERCHANTS),
)


async def articles(
    connection: Connection, workspace: int, keys: Sequence[int], view: View, lock: bool
) -> None:
    """Products by id, with variants, prices, choices, options and merchants; read as they stand."""
    await _product(connection, workspace, keys, view, lock)
    await _variants(connection, workspace, keys, view, lock)
    for binding, statement in _ARTICLES:
        for row in await connection.fetch(statement, workspace, keys):
            view.load(binding.parse(row))


_delivery, _payment = plain(DeliveryMethod, "channel"), plain(PaymentMethod, "channel")


async def methods(
    connection: Connection, workspace: int, keys: Sequence[int], view: View, lock: bool
) -> None:
    """All delivery and payment methods of channels."""
    await _delivery(connection, workspace, keys, view, lock)
    await _payment(connection, workspace, keys, view, lock)


def by_name(kind: type[Discount | Certificate]) -> Loader:
    """A loader of what buyers name by a code: keys are ids, or channel and code. All are locked by one statement."""
    binding = binding_of[kind]
    rows = rows_of(kind, "id", "bigint")
    named = f"""
        select t.id from unnest($2::bigint[], $3::text[]) k(channel, code) cross join lateral (
          select id from "{binding.table}" where workspace = $1 and channel = k.channel and code = k.code offset 0
        ) t
    """  # noqa: S608  (our own names)

    async def loader(
        connection: Connection, workspace: int, keys: Sequence[Any], view: View, lock: bool
    ) -> None:
        ids = {key for key in keys if isinstance(key, int)}
        if names := [cast("tuple[int, str]", key) for key in keys if not isinstance(key, int)]:
            ids.update(row[0] for row in await connection.fetch(named, workspace, *zip(*names, strict=True)))
        await rows(connection, workspace, sorted(ids), view, lock)

    return loader


_DISCOUNT_USES = f"""
select {binding_of[DiscountUse].select("t")} from unnest($2::bigint[], $3::text[]) k(discount, buyer)
cross join lateral (
  select * from discount_uses where workspace = $1 and discount = k.discount and buyer = k.buyer offset 0
) t
"""  # noqa: S608  (our own names)


async def discount_uses(
    connection: Connection, workspace: int, keys: Sequence[tuple[int, str]], view: View, lock: bool
) -> None:
    """The orders in which buyers used discounts, by discount and buyer; the discount's lock guards them."""
    del lock
    for row in await connection.fetch(_DISCOUNT_USES, workspace, *zip(*keys, strict=True)):
        view.load(binding_of[DiscountUse].parse(row))


_CERTIFICATE_USES = f"""
select {binding_of[CertificateUse].select("t")} from unnest($2::bigint[], $3::bigint[]) k(certificate, "order")
cross join lateral (
  select * from certificate_uses where workspace = $1 and certificate = k.certificate and "order" = k."order" offset 0
) t
"""  # noqa: S608  (our own names)


async def certificate_uses(
    connection: Connection, workspace: int, keys: Sequence[tuple[int, int]], view: View, lock: bool
) -> None:
    """What orders took from certificates, by certificate and order; the certificate's lock guards them."""
    del lock
    for row in await connection.fetch(_CERTIFICATE_USES, workspace, *zip(*keys, strict=True)):
        view.load(binding_of[CertificateUse].parse(row))
