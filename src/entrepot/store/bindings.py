"""How records stand in tables: each kind of record with its table, and the set-based statements that write it.

A statement takes the workspace and all rows as one JSON text, so that a batch writes any number of rows of a kind in
one round trip. (With one array per column, encoding the arrays took a seventh of an order's processor time.) All
engine writes are these statements; queries that read are in `loaders`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import attrgetter
from typing import Any, cast, get_type_hints

import msgspec
from sqlalchemy import Column, Table, types

from entrepot.domain import (
    access,
    articles,
    attempts,
    carts,
    catalogue,
    certificates,
    channels,
    customers,
    delivery,
    discounts,
    orders,
    outbox,
    payment_methods,
    shipping,
    shops,
    stock,
    taxes,
)
from entrepot.domain.state import Record
from entrepot.store import tables

_encode = msgspec.json.Encoder().encode


class Binding:
    """One kind of record and its table. `upsert` is for rows that nobody locks before writing them."""

    def __init__(self, kind: type[Record], table: Table, *, upsert: bool = False) -> None:
        self.kind = kind
        self.table = table
        self.upsert = upsert
        columns = [column for column in table.columns if column.name != "workspace"]
        if [column.name for column in columns] != list(kind.__struct_fields__):
            raise TypeError(f"{kind.__name__} and table {table.name} have different fields")
        self._columns = columns
        self._keys = [column for column in columns if column.primary_key]
        self._key_getters = [attrgetter(column.name) for column in self._keys]
        self._parsers = _parsers(kind, columns)
        self.insert = self._insert()
        self.claim = f"{self.insert} on conflict do nothing returning {_names(self._keys)}"
        self.delete = self._delete()
        self.put = f"{self.insert} on conflict ({self._key_list()}) do update set {self._sets()}"

    @property
    def key_names(self) -> list[str]:
        """The key columns, the workspace left out."""
        return [column.name for column in self._keys]

    def rows(self, records: Sequence[Record]) -> str:
        """The records as the parameter of insert, claim and put."""
        return _encode(records).decode()

    def select(self, alias: str) -> str:
        """The columns of the record, as they stand in the table called `alias`, for `parse`."""
        return ", ".join(f'{alias}."{column.name}"' for column in self._columns)

    def parse(self, row: Sequence[Any]) -> Record:
        """The record that a row of `select` columns stands for."""
        values = list(row)
        for index, parse in self._parsers:
            if values[index] is not None:
                values[index] = parse(values[index])
        return self.kind(*values)

    def find(self, *, lock: bool) -> str:
        """The statement that reads rows by their keys, one array per key column."""
        matched = " and ".join(f"{_q(column)} = u.{_q(column)}" for column in self._keys)
        return (
            f"select {self.select('t')} from {_unnest(self._keys)} cross join lateral "
            f"(select * from {_quoted(self.table)} where workspace = $1 and {matched} "
            f"offset 0{' for no key update' if lock else ''}) t"
        )

    @staticmethod
    def key_columns(keys: Sequence[Hashable]) -> list[list[Any]]:
        """The keys as one array per key column."""
        rows = [cast("tuple[Any, ...]", key) if isinstance(key, tuple) else (key,) for key in keys]
        return [list(column) for column in zip(*rows, strict=True)]

    def keys(self, records: Sequence[Record]) -> list[list[Any]]:
        """One array per key column, for delete."""
        return [[get(record) for record in records] for get in self._key_getters]

    def _insert(self) -> str:
        names = _names(self._columns)
        return (
            f"insert into {_quoted(self.table)} (workspace, {names}) "
            f"select $1, {', '.join(_from_json(c) for c in self._columns)} "
            f"from json_to_recordset($2) u({', '.join(f'{_q(c)} {_type_in_json(c)}' for c in self._columns)})"
        )

    def _delete(self) -> str:
        keys = _unnest(self._keys)
        return f"delete from {_quoted(self.table)} t using {keys} where t.workspace = $1 and {self._match()}"

    def _key_list(self) -> str:
        return f"workspace, {_names(self._keys)}"

    def _match(self) -> str:
        return " and ".join(f"t.{_q(column)} = u.{_q(column)}" for column in self._keys)

    def _sets(self) -> str:
        values = [column for column in self._columns if not column.primary_key]
        return ", ".join(f"{_q(column)} = excluded.{_q(column)}" for column in values)


def _parsers(kind: type[Record], columns: Sequence[Column[Any]]) -> list[tuple[int, Callable[[str], Any]]]:
    hints = get_type_hints(kind)
    return [
        (index, msgspec.json.Decoder(hints[column.name]).decode)
        for index, column in enumerate(columns)
        if isinstance(column.type, types.JSON)
    ]


def _q(column: Column[Any]) -> str:
    return f'"{column.name}"'


def _names(columns: Iterable[Column[Any]]) -> str:
    return ", ".join(_q(column) for column in columns)


def _quoted(table: Table) -> str:
    return f'"{table.name}"'


def _unnest(columns: Sequence[Column[Any]]) -> str:
    arrays = ", ".join(f"${number}::{_type(column)}[]" for number, column in enumerate(columns, 2))
    return f"unnest({arrays}) u({_names(columns)})"


def _from_json(column: Column[Any]) -> str:
    name = f"u.{_q(column)}"
    return f"decode({name}, 'base64')" if isinstance(column.type, types.LargeBinary) else name


def _type_in_json(column: Column[Any]) -> str:
    return "text" if isinstance(column.type, types.LargeBinary) else _type(column)


def _type(column: Column[Any]) -> str:
    names: dict[type, str] = {
        types.BigInteger: "bigint",
        types.Integer: "integer",
        types.Text: "text",
        types.Boolean: "boolean",
        types.DateTime: "timestamptz",
        types.JSON: "jsonb",
        types.Uuid: "uuid",
        types.LargeBinary: "bytea",
    }
    return next(name for kind, name in names.items() if isinstance(column.type, kind))


REFERENCES = Binding(channels.Reference, tables.orders.references)
"""Names given from outside are claimed after deciding: a row that does not come back was taken by another worker."""

LEVELS = Binding(stock.Level, tables.stock.stock)
"""A new level cannot be locked before it exists, so it is claimed like a name; known ones are updated."""

TRIES = Binding(access.Tries, tables.access.tries)
"""The first try of several workers at once is one row too."""

CLAIMS = (REFERENCES, LEVELS, TRIES)
"""The kinds whose new rows are claimed, in this order."""

BINDINGS: tuple[Binding, ...] = (
    Binding(orders.Order, tables.orders.orders),
    Binding(orders.OrderPart, tables.orders.order_parts),
    Binding(orders.OrderLine, tables.orders.order_lines),
    Binding(orders.OrderEvent, tables.orders.order_events),
    Binding(orders.Payment, tables.orders.payments),
    Binding(orders.Refund, tables.orders.refunds),
    Binding(orders.InvoiceLine, tables.orders.invoice_lines),
    Binding(carts.Cart, tables.carts.carts),
    Binding(carts.CartLine, tables.carts.cart_lines),
    Binding(attempts.Attempt, tables.engine.attempts),
    Binding(outbox.Delivery, tables.engine.outbox),
    Binding(stock.Hold, tables.stock.holds),
    LEVELS,
    Binding(customers.Session, tables.customers.sessions),
    Binding(customers.Customer, tables.customers.customers),
    Binding(customers.OneTimeCode, tables.customers.one_time_codes),
    Binding(carts.CartFile, tables.carts.files),
    Binding(carts.FileContent, tables.carts.file_contents),
    Binding(discounts.Discount, tables.discounts.discounts),
    Binding(discounts.DiscountUse, tables.discounts.discount_uses),
    Binding(certificates.Certificate, tables.discounts.certificates),
    Binding(certificates.CertificateUse, tables.discounts.certificate_uses),
    Binding(access.AdminToken, tables.access.admin_tokens),
    TRIES,
    Binding(catalogue.RememberedPrice, tables.catalogue.remembered_prices, upsert=True),
)
"""In the order in which a batch writes them: parents before children."""

CATALOGUE: tuple[Binding, ...] = (
    Binding(stock.Location, tables.stock.locations),
    Binding(catalogue.Merchant, tables.catalogue.merchants),
    Binding(catalogue.Product, tables.catalogue.products),
    Binding(catalogue.Variant, tables.catalogue.variants),
    Binding(catalogue.Price, tables.catalogue.prices),
    Binding(shipping.ShippingRate, tables.catalogue.shipping_rates),
    Binding(taxes.TaxCompany, tables.catalogue.tax_companies),
    Binding(taxes.TaxRate, tables.catalogue.tax_rates),
)
"""What worlds describe, parents before children; orders only read it."""

SHOP: tuple[Binding, ...] = (
    Binding(articles.Choice, tables.articles.article_choices),
    Binding(articles.ChoiceOption, tables.articles.article_choice_options),
    Binding(articles.ProductChoice, tables.articles.product_choices),
    Binding(articles.ProductGroup, tables.articles.article_groups),
    Binding(articles.Assortment, tables.articles.assortments),
    Binding(customers.CustomerGroup, tables.customers.customer_groups),
    Binding(customers.Administrator, tables.customers.administrators),
    Binding(delivery.DeliveryMethod, tables.shops.delivery_methods),
    Binding(payment_methods.PaymentMethod, tables.shops.payment_methods),
    Binding(shops.Language, tables.shops.languages),
    Binding(shops.PageAddress, tables.shops.urls),
    Binding(shops.EventListener, tables.shops.event_listeners),
    Binding(shops.ListenerLogEntry, tables.shops.event_listener_log),
)
"""What a shop sets up, parents before children; buying only reads it."""

ROWS: tuple[Binding, ...] = (*CATALOGUE, *SHOP)
"""What doors change row by row, parents before children."""
