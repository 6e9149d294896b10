"""Customers and their groups (decision textalk Customer, item 38)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from entrepot.domain.customers.records import BuyerInfo, ContactAddress, CustomerGroup, DeliveryAddress
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare import fields as f
from entrepot.doors.textalk.declare import shapes
from entrepot.doors.textalk.declare.declaration import (
    READ,
    WRITE,
    Caller,
    ClassDecl,
    Field,
    Operation,
    Stored,
)
from entrepot.doors.textalk.wire.json import Json
from entrepot.store.tables.customers import customer_groups, customers

_LINE: Final = shapes.string(200, nullable=True)
_COUNTRY: Final = shapes.country(nullable=True, blank=True)
_WHERE: Final = {
    "company": _LINE,
    "address": _LINE,
    "address2": _LINE,
    "postcode": shapes.string(20, nullable=True),
    "town": _LINE,
    "country": _COUNTRY,
    "state": shapes.string(2, nullable=True),
}
_PHONES: Final = {
    name: shapes.string(40, nullable=True) for name in ("phoneDay", "phoneNight", "phoneMobile")
}

ADDRESS: Final = shapes.Record(properties={**_WHERE, "firstName": _LINE, "lastName": _LINE, **_PHONES})
DELIVERY_ADDRESS: Final = shapes.Record(properties={"copyAddress": shapes.boolean(), "name": _LINE, **_WHERE})
INFO: Final = shapes.Record(
    properties={
        "email": shapes.string(254, pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$"),
        "type": shapes.option("individual", "business"),
        "companyNumber": shapes.string(40),
        "newsletter": shapes.boolean(),
    }
)
_ADDRESS: Final = r"""[^@\s\x00-\x1f\x7f<>()\[\],;:"\\]"""
CUSTOMER_INFO: Final = shapes.Record(
    properties={
        **INFO.properties,
        "email": shapes.string(254, pattern=rf"^{_ADDRESS}{{1,64}}@{_ADDRESS}+\.{_ADDRESS}+$"),
    }
)
"""Of who has an account: mails must reach it."""
BUYER: Final = shapes.Record(
    properties={"address": ADDRESS, "deliveryAddress": DELIVERY_ADDRESS, "info": INFO}
)
"""Who a cart or order is for."""


def _visible(audience: Audience) -> sa.ColumnElement[bool]:
    """Administrators see the shop's customers; a customer who has logged in sees itself."""
    here = sa.and_(customers.c.channel == Caller.CHANNEL, customers.c.state != "removed")
    if audience is Audience.ADMIN:
        return here
    return sa.and_(here, customers.c.id == Caller.CUSTOMER)


def whole(kind: type[msgspec.Struct]) -> Callable[[Any], Json]:
    """The stored part of a record, and what was never said."""
    blank = {
        name: getattr(kind(), field)
        for field, name in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    }
    return lambda cell: {**blank, **(cell or {})}


_OWN: Final[dict[str, Any]] = {"write": Audience.BUYER}

CUSTOMER: Final = ClassDecl(
    name="Customer",
    summary="Somebody who has an account in the shop",
    rows=customers,
    workspace=customers.c.workspace,
    uid=customers.c.id,
    operations={
        **READ,
        **WRITE,
        Operation.SET: Audience.BUYER,
        Operation.VALIDATE: Audience.BUYER,
        Operation.NORMALIZE: Audience.BUYER,
    },
    visible=_visible,
    search=customers.c.search,
    fields=(
        f.uid(customers.c.id),
        f.settable("approved", shapes.boolean(), customers.c.approved),
        f.settable(
            "language", shapes.string(2, pattern="^[a-z]{2}$", nullable=True), customers.c.language, **_OWN
        ),
        f.settable("groups", shapes.references("Customergroup"), customers.c.groups, read=Audience.ADMIN),
        f.settable("address", ADDRESS, customers.c.address, to_wire=whole(ContactAddress), **_OWN),
        f.settable(
            "deliveryAddress",
            DELIVERY_ADDRESS,
            customers.c.delivery_address,
            to_wire=whole(DeliveryAddress),
            **_OWN,
        ),
        f.settable("info", CUSTOMER_INFO, customers.c.info, to_wire=whole(BuyerInfo), **_OWN),
        f.settable("custom", shapes.Mapped(keys=shapes.ANY_KEYS, values=shapes.Free()), customers.c.custom),
        Field(
            name="password",
            shape=shapes.string(),
            source=sa.cast(sa.null(), sa.Text),
            read=Audience.NOBODY,
            write=Audience.BUYER,
        ),
        Field(
            name="oldPassword",
            shape=shapes.string(),
            source=sa.cast(sa.null(), sa.Text),
            read=Audience.NOBODY,
            write=Audience.BUYER,
        ),
        f.created(customers.c.created_at),
        f.created(customers.c.changed_at, "changed"),
    ),
)

CUSTOMERGROUP: Final = ClassDecl(
    name="Customergroup",
    summary="Customers for whom methods, codes or assortments may be reserved",
    rows=customer_groups,
    workspace=customer_groups.c.workspace,
    uid=customer_groups.c.id,
    operations=dict.fromkeys((*READ, *WRITE), Audience.ADMIN),
    visible=lambda _: customer_groups.c.channel == Caller.CHANNEL,
    stored=Stored(kind=CustomerGroup, blank={"name": {}, "data": {}}),
    fields=(
        f.uid(customer_groups.c.id),
        f.settable("name", shapes.localized(255), customer_groups.c.name, required=True),
    ),
)
