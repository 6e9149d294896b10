"""What a sales order is made of, declared once: members are checked in this order, and the first fault alone is told.

The reference names the members of the order; those of address, items and metadata are ours (decision rebound inner
schemas). Unknown members are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from entrepot.domain.kernel.currencies import currency_exists
from entrepot.domain.kernel.moments import is_bare_date
from entrepot.domain.kernel.regions import country_exists
from entrepot.domain.kernel.urls import is_web_url
from entrepot.domain.orders.line_counts import LARGEST_QUANTITY
from entrepot.doors.kit.checking import (
    Amount,
    Anything,
    Arr,
    Body,
    Bool,
    Faults,
    Form,
    Key,
    Kind,
    Manner,
    Moment,
    Obj,
    Shape,
    Str,
    Whole,
    one,
)
from entrepot.doors.kit.checking.manner import exact, rfc_3339, strict_boolean, strict_number

MOST_ITEMS: Final = 500
MOST_METADATA: Final = 100
LONGEST_VALUE: Final = 1_000
LONGEST_URL: Final = 2_000


def _date_time(value: Any) -> datetime | Faults:
    """A point in time with its time of day, in UTC."""
    return one(Kind.NO_MOMENT) if isinstance(value, str) and is_bare_date(value) else rfc_3339(value)


MANNER: Final = Manner(
    number=strict_number,
    amount=exact,
    boolean=strict_boolean,
    refuses_unknown=False,
    null_is_absent=True,
    moment=_date_time,
)

_COUNTRY: Final = Form("a country of ISO 3166-1", country_exists, {"pattern": "^[A-Z]{2}$"})
_CURRENCY: Final = Form("a currency of ISO 4217", currency_exists, {"pattern": "^[A-Z]{3}$"})
_HS_CODE: Final = r"[0-9]{6,10}"
_SOME_URLS: Final = (
    r"^https?://[A-Za-z0-9.-]+(:[1-9][0-9]{0,3})?([/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?$"
)
_URL: Final = Form("a URL of http or https", is_web_url, {"pattern": _SOME_URLS})

_TEXT: Final = Str(blank=True)
_NAME: Final = Str()


def _optional(name: str, shape: Any) -> Key:
    return Key(name, shape, required=False)


METADATA: Final = Arr(
    Obj((Key("key", _NAME), _optional("value", Str(LONGEST_VALUE, blank=True)))), 0, MOST_METADATA
)
_ADDRESS: Final = Obj(
    (
        _optional("firstName", _TEXT),
        _optional("lastName", _TEXT),
        _optional("companyName", _TEXT),
        Key("addressLine1", _NAME),
        _optional("addressLine2", _TEXT),
        _optional("addressLine3", _TEXT),
        Key("city", _NAME),
        Key("postalCode", _NAME),
        _optional("state", _TEXT),
        Key("countryCode", _NAME),
        _optional("email", _TEXT),
        _optional("phoneNumber", _TEXT),
    )
)
"""Whether the country exists is said later, in a sentence of its own."""
_ITEM: Final = Obj(
    (
        Key("clientItemId", _NAME),
        _optional("sku", _TEXT),
        _optional("ean", _TEXT),
        _optional("description", _TEXT),
        _optional("quantity", Whole(1, LARGEST_QUANTITY)),
        _optional("price", Amount()),
        _optional("currency", Str(form=_CURRENCY)),
        _optional("weight", Amount()),
        _optional("weightUnit", Str(choices=("kg", "g", "lb", "oz"))),
        _optional("countryOfOrigin", Str(form=_COUNTRY)),
        _optional("hsCode", Str(pattern=_HS_CODE)),
        _optional("imageUrl", Str(LONGEST_URL, form=_URL)),
        _optional("returnable", Bool()),
        _optional("clientMetadata", METADATA),
    )
)
_ITEMS: Final = Arr(_ITEM, 0, MOST_ITEMS)
_ORDER: Final = (
    Key("clientOrderId", _NAME),
    _optional("clientOrderCreatedDate", Moment()),
    _optional("customerAddress", _ADDRESS),
    _optional("businessUnit", _TEXT),
    _optional("rmaNumber", _TEXT),
    _optional("premiumOrder", Bool()),
    _optional("salesItems", _ITEMS),
    _optional("clientMetadata", METADATA),
    _optional("labelBase64Enabled", Bool()),
    _optional("parcelType", _TEXT),
)
"""The members in the order of the reference page; the last is not on it."""


def _outside(key: Key) -> Key:
    """A member without what is inside it."""
    match key.shape:
        case Obj():
            return _optional(key.name, Obj(()))
        case Arr():
            return _optional(key.name, Arr(Anything(), key.shape.least, key.shape.most))
        case _:
            return key


def _body(name: str, *keys: Key) -> Body[dict[str, Any]]:
    return Body(name, Obj(keys), dict[str, Any])


def _required(shape: Shape) -> Iterator[str]:
    match shape:
        case Obj():
            for key in shape.keys:
                yield from (key.name,) if key.required else ()
                yield from _required(key.shape)
        case Arr():
            yield from _required(shape.items)
        case _:
            return


MEMBERS: Final = _body("SalesOrderMembers", *map(_outside, _ORDER))
UP_TO_ITEMS: Final = _body(
    "SalesOrderItems", _optional("customerAddress", _ADDRESS), _optional("salesItems", _ITEMS)
)
AFTER_ITEMS: Final = _body("SalesOrderMetadata", _optional("clientMetadata", METADATA))
SALES_ORDER: Final = _body("NewSalesOrder", *_ORDER)
"""The whole body, as it is described. It is checked in three parts: its members from outside, then what is inside them,
and between items and metadata the items are compared.
"""
REQUIRED: Final = frozenset(_required(SALES_ORDER.shape))
"""The names of the members that must be there wherever they can be."""
