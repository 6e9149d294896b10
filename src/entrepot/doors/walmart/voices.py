"""How each operation speaks: the seed's messages and notes, word for word, and our words where it gives none."""

from __future__ import annotations

from typing import Final

from entrepot.doors.walmart.errors import MCS, WFS, Row, Voice
from entrepot.failures import fulfilment as f
from entrepot.failures import goods as g
from entrepot.failures import orders as o
from entrepot.failures import rows as r
from entrepot.failures import stock as s

_UNKNOWN_SKU = Row("The SKU is no item of this account")
_NO_STOREFRONT = Row("The account has no such sales channel")

CREATE: Final = Voice(
    MCS,
    "Validation strategy: CREATE-FULFILLMENT-MOCKER-REQUEST-VALIDATION.",
    rows={
        o.OrderSourceUnrecognized: Row("The account cannot take orders"),
        o.StorefrontUnknown: _NO_STOREFRONT,
        o.StorefrontInactive: Row("The sales channel is not active"),
        o.DuplicateExternalOrder: Row("An order of this number exists already"),
        o.OrderTooLarge: Row(lambda failure: f"The order may have at most {failure.largest} {failure.what}"),
        o.SkuUnknown: _UNKNOWN_SKU,
        o.ProductUnavailable: _UNKNOWN_SKU,
        o.SoldOut: Row("The item is out of stock"),
        o.NotEnoughStock: Row(lambda failure: f"Only {failure.available} units of the item are available"),
    },
)
CANCEL: Final = Voice(
    WFS,
    "Validation strategy: CANCEL-FULFILLMENT-MOCKER-REQUEST-VALIDATION.",
    rows={
        o.OrderUnknown: Row("requested order not found"),
        o.NothingToCancel: Row("No unit of the order can be cancelled"),
        s.TooManyToCancel: Row(
            lambda failure: (
                f"Of {failure.requested} units {failure.cancellable} can be cancelled; "
                "the others have shipped or were cancelled before"
            )
        ),
    },
)
STATUS: Final = Voice(
    WFS,
    "Validation strategy: GET-STATUS-V1-MOCKER-REQUEST-VALIDATION.",
    rows={
        o.StorefrontUnknown: _NO_STOREFRONT,
        o.OrderUnknown: Row(
            "Order not found",
            "OS_NOT_FOUND_ERROR",
            info="Returned via exception handling when the order does not exist.",
        ),
    },
)
PROMISE: Final = Voice(
    MCS,
    internal="Internal server error",
    rows={
        o.SkuUnknown: _UNKNOWN_SKU,
        o.ProductUnavailable: _UNKNOWN_SKU,
        o.SoldOut: CREATE.rows[o.SoldOut],
        o.NotEnoughStock: CREATE.rows[o.NotEnoughStock],
    },
)
"""Its `info` repeats the description: the note of the page is about successes."""

_NO_ORDER: Final = "500.OS_SERVICE.200"
_NEITHER = "sellerOrderId does not match any order, or returnOrderId not found"
_OF_RETURNS: Final = "Unhandled sandbox exception"

RETURN_CREATE: Final = Voice(
    WFS,
    internal=_OF_RETURNS,
    rows={
        o.OrderUnknown: Row(
            "Order does not exist", _NO_ORDER, info="sellerOrderId does not match any existing order"
        ),
        f.ReturnItemUnknown: Row(
            "Invalid sku", "400.WFS.100", "sku", "SKU does not exist in the original order"
        ),
        f.NothingDelivered: Row(
            "Order status not eligible for returns",
            "400",
            "itemDetail.sku",
            "Original order line is not in DELIVERED status",
        ),
        f.TooManyToReturn: Row(
            "Requested quantity is not available",
            "500.509",
            "sku",
            "Quantity is \u2264 0 or exceeds ordered quantity",
        ),
        f.DuplicateReturn: Row("Another return of this id exists"),
    },
)
RETURN_GET: Final = Voice(
    WFS,
    internal=_OF_RETURNS,
    rows={
        o.OrderUnknown: Row("Order does not exist", _NO_ORDER, info=_NEITHER),
        f.ReturnUnknown: Row("Order does not exist", _NO_ORDER, info=_NEITHER),
    },
)
RETURN_CANCEL: Final = Voice(
    WFS,
    internal=_OF_RETURNS,
    rows={
        f.ReturnUnknown: Row("Order does not exist", _NO_ORDER, info="returnOrderId not found"),
        f.ReturnNotCancellable: Row(
            "Return order cannot be cancelled", "400", info="No lines are in RETURN_INITIATED status"
        ),
    },
)
ITEMS: Final = Voice(
    WFS,
    rows={
        r.CatalogueClosed: Row("The account may not change items"),
        r.StockClosed: Row("The account may not set stock"),
        s.StockUnknown: Row("There is no location at which the item could be kept"),
        s.QuantityOutOfRange: Row(
            lambda failure: f"There must be {failure.smallest} to {failure.largest} units"
        ),
        g.QuantityUneven: Row("The item is not counted in whole units"),
        r.NameTaken: Row("The item is being changed by another request"),
    },
)
INVENTORY: Final = Voice(WFS)
STOREFRONTS: Final = Voice(WFS, rows={o.StorefrontUnknown: _NO_STOREFRONT, r.RowUnknown: _NO_STOREFRONT})
TOKENS: Final = Voice(WFS, media_type="application/x-www-form-urlencoded")
GATEWAY: Final = Voice(WFS)
"""Where no operation is reached."""
