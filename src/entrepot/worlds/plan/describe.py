"""A plan in words: what is created, updated and deleted, by the names that people know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

import msgspec

from entrepot.domain.catalogue.options import Choice, ProductChoice
from entrepot.domain.catalogue.products import Merchant, Price, Product, Variant
from entrepot.domain.channels.shops import Language
from entrepot.domain.customers.records import Administrator, Customer
from entrepot.domain.kernel.records import Record
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.pricing.flat_rates import ShippingRate
from entrepot.domain.pricing.gift_certificates import Certificate
from entrepot.domain.pricing.taxes import TaxCompany, TaxRate
from entrepot.domain.stock.levels import Level, Location
from entrepot.worlds.form.schema import SECRETS
from entrepot.worlds.plan.areas import WORDS
from entrepot.worlds.plan.differences import Plan, TablePlan
from entrepot.worlds.plan.records import ChannelRow
from entrepot.worlds.plan.report import Change, Difference
from entrepot.worlds.plan.stored import Stored

_HIDDEN: Final = SECRETS | {"password_hash"}


def describe(plan: Plan, stored: Stored) -> list[Change]:
    """All changes of a plan, in the order in which they are written."""
    names = _Names(plan, stored)
    return [change for table in (*plan.tables, plan.levels) for change in _of_table(table, names)]


def differences(before: Any, after: Any) -> tuple[Difference, ...]:
    """What differs between two records or settings, field by field; inner fields by dotted names."""
    old, new = (dict(_flat(msgspec.to_builtins(side, str_keys=True), "")) for side in (before, after))
    fields = dict.fromkeys((*old, *new))
    return tuple(
        Difference(field, _shown(field, old.get(field)), _shown(field, new.get(field)))
        for field in fields
        if old.get(field) != new.get(field)
    )


def _of_table(table: TablePlan, names: _Names) -> Iterator[Change]:
    kind = WORDS.get(table.kind, "stock")
    for record in table.deletes:
        yield Change("delete", kind, names.of(record))
    for record in table.creates:
        yield Change("create", kind, names.of(record))
    for before, after in table.updates:
        yield Change("update", kind, names.of(after), differences(before, after))


class _Names:
    """Names of records; those that refer to others are named by them."""

    def __init__(self, plan: Plan, stored: Stored) -> None:
        records = [record for rows in stored.records.values() for record in rows.values()]
        records += [record for table in plan.tables for record in table.creates]
        self._skus = {record.id: record.sku for record in records if isinstance(record, Variant)}
        self._places = {record.id: record.code for record in records if isinstance(record, Location)}
        self._merchants = {record.ref: record.name for record in records if isinstance(record, Merchant)}
        self._titles = {
            (type(record), record.id): title(record)
            for record in records
            if isinstance(record, Product | Choice)
        }

    def of(self, record: Record) -> str:
        return " ".join(self._parts(record))

    def _parts(self, record: Record) -> Iterable[str]:
        match record:
            case Price():
                return self._skus[record.variant], record.currency
            case Level():
                return self._skus[record.variant], "at", self._places[record.location]
            case ShippingRate():
                return self._merchants.get(record.merchant, record.merchant), record.country, record.currency
            case TaxRate():
                return (f"{record.country}-{record.province}".rstrip("-"),)
            case ChannelRow():
                return record.door, record.name
            case ProductChoice():
                return self._titles[Product, record.product], self._titles[Choice, record.choice]
            case _:
                return (title(record),)


_CALLED: Final[Mapping[type[Record], str]] = {
    **dict.fromkeys((Location, TaxCompany, Language, Discount, Certificate), "code"),
    Variant: "sku",
    Customer: "email",
    Administrator: "username",
}
"""The field by which people know what has no name that they would say."""


def title(record: Record) -> str:
    """What the record is called; where that is in several languages, in the first of them."""
    name: Any = getattr(record, _CALLED.get(type(record), "name"), "")
    return next(iter(cast("dict[str, str]", name).values()), "") if isinstance(name, dict) else str(name)


def _flat(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for key, inner in cast("dict[str, object]", value).items():
            yield from _flat(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


def _shown(field: str, value: object) -> str:
    if value is None:
        return ""
    if field.rpartition(".")[2] in _HIDDEN:
        return "(secret)"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
