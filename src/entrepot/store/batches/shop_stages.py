"""How rows are found that buying in a shop looks at: articles with their choices, methods, codes and their uses."""

from __future__ import annotations

from entrepot.domain.catalogue.options import Choice, ChoiceOption, ProductChoice, ProductGroup
from entrepot.domain.catalogue.products import Merchant, Price, Product, Variant
from entrepot.domain.kernel.records import Record
from entrepot.domain.payments.methods import PaymentMethod
from entrepot.domain.pricing.delivery_methods import DeliveryMethod
from entrepot.domain.pricing.discounts import DiscountUse
from entrepot.store.batches.binding import keyed
from entrepot.store.batches.finds import Find, binding_of, plain, records


def _below_product(kind: type[Record], path: str) -> Find:
    """Rows that products lead to: `path` names them `t` and starts from the product `k.id`."""
    columns, products = binding_of[kind].in_json("t"), keyed({"id": "bigint"})
    return Find(f"select distinct {columns} from {products} {path}", records(kind))


ARTICLES = (
    *plain(Product),
    *plain(Variant, "product"),
    _below_product(
        Price,
        """
        cross join lateral (select id from variants where workspace = $1 and product = k.id offset 0) v
        cross join lateral (select * from prices where workspace = $1 and variant = v.id offset 0) t
        """,
    ),
    *plain(ProductChoice, "product"),
    _below_product(
        Choice,
        """
        cross join lateral (select choice from product_choices where workspace = $1 and product = k.id offset 0) l
        cross join lateral (select * from article_choices where workspace = $1 and id = l.choice offset 0) t
        """,
    ),
    _below_product(
        ChoiceOption,
        """
        cross join lateral (select choice from product_choices where workspace = $1 and product = k.id offset 0) l
        cross join lateral (
          select * from article_choice_options where workspace = $1 and choice = l.choice offset 0
        ) t
        """,
    ),
    _below_product(
        Merchant,
        """
        cross join lateral (select merchant from products where workspace = $1 and id = k.id offset 0) p
        cross join lateral (select * from merchants where workspace = $1 and ref = p.merchant offset 0) t
        """,
    ),
)
"""Products by id, with variants, prices, choices, options and merchants; read as they stand."""

_GROUPS = f"""
select {binding_of[ProductGroup].in_json("t")} from (select 1 from json_array_elements({{keys}}) limit 1) k
cross join lateral (select * from article_groups where workspace = $1 order by id offset 0 {{lock}}) t
"""
GROUPS = (Find(_GROUPS, records(ProductGroup)),)
"""All groups of the workspace, locked: who moves one must see them all."""

METHODS = (*plain(DeliveryMethod, "channel"), *plain(PaymentMethod, "channel"))
"""All delivery and payment methods of channels."""


_USES = f"""
select {binding_of[DiscountUse].in_json("t")} from {keyed({"discount": "bigint", "buyer": "text"})}
cross join lateral (
  select * from discount_uses where workspace = $1 and discount = k.discount and buyer = k.buyer offset 0
) t
"""
DISCOUNT_USES = (Find(_USES, records(DiscountUse)),)
"""The orders in which buyers used discounts, by discount and buyer; the discount's lock guards them."""
