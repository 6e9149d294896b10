"""Every request body of the DataMingle API, declared once: for the checker and for the API description."""

from __future__ import annotations

from typing import Any, Final

from entrepot.domain.orders.line_counts import LARGEST_QUANTITY
from entrepot.domain.placing.record_sale import MOST_LINES
from entrepot.doors.datamingle import bodies
from entrepot.doors.kit.checking import Arr, Bag, Body, Key, Moment, Obj, Str, Whole

LONGEST_NOTE: Final = 10_000

_NAME: Final = Str()
_TEXT: Final = Str(nullable=True, blank=True)
_NOTE: Final = Str(longest=LONGEST_NOTE, nullable=True, blank=True)
_BAG: Final = Bag(nullable=True)


def _optional(name: str, shape: Any) -> Key:
    return Key(name, shape, required=False)


_HEAD: Final = (
    _optional("external_order_id", _TEXT),
    _optional("customer_name", _TEXT),
    _optional("customer_info", _BAG),
    _optional("notes", _NOTE),
    _optional("order_date", Moment(nullable=True)),
    _optional("due_date", Moment(nullable=True)),
    _optional("metadata", _BAG),
)

_ITEM: Final = Obj(
    (Key("sku_code", _NAME), Key("quantity", Whole(1, LARGEST_QUANTITY)), _optional("notes", _NOTE))
)

NEW_ORDER: Final = Body(
    "NewOrder",
    Obj((Key("order_number", _NAME), *_HEAD, Key("items", Arr(_ITEM, 1, MOST_LINES)))),
    bodies.NewOrder,
)
ORDER_CHANGES: Final = Body("OrderChanges", Obj(_HEAD), bodies.OrderFields)
CANCELLATION: Final = Body("Cancellation", Obj((_optional("reason", _TEXT),)), bodies.Cancellation)
