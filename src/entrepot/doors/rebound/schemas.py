"""What a sales order is made of, declared once: members are checked in this order, and the first fault alone is told.

The reference names the members of the order; those of address, items and metadata are ours (decision rebound inner
schemas). Unknown members are passed over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from entrepot.domain.kernel.currencies import currency_exists
from entrepot.domain.kernel.moments import is_bare_date
from entrepot.domain.kernel.regions import country_exists
from entrepot.domain.orders.line_counts import LARGEST_QUANTITY
from entrepot.doors.kit.checking import (
    Amount,
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
_URL: Final = r"https?://[^\s/]+(/\S*)?"

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
        _optional("imageUrl", Str(LONGEST_URL, pattern=_URL)),
        _optional("returnable", Bool()),
        _optional("clientMetadata", METADATA),
    )
)
_NAMED: Final = (Key("clientOrderId", _NAME),)
_BEFORE: Final = (
    _optional("clientOrderCreatedDate", Moment()),
    _optional("businessUnit", _TEXT),
    _optional("rmaNumber", _TEXT),
    _optional("premiumOrder", Bool()),
    _optional("labelBase64Enabled", Bool()),
    _optional("parcelType", _TEXT),
    _optional("customerAddress", _ADDRESS),
    _optional("salesItems", Arr(_ITEM, 0, MOST_ITEMS)),
)
_AFTER: Final = (_optional("clientMetadata", METADATA),)

NAME: Final = Body("SalesOrderName", Obj(_NAMED), dict[str, Any])
UP_TO_ITEMS: Final = Body("SalesOrderItems", Obj(_BEFORE), dict[str, Any])
AFTER_ITEMS: Final = Body("SalesOrderMetadata", Obj(_AFTER), dict[str, Any])
SALES_ORDER: Final = Body("NewSalesOrder", Obj((*_NAMED, *_BEFORE, *_AFTER)), dict[str, Any])
"""The whole body, as it is described; it is checked in its three parts, between which items are compared."""
