"""How each operation speaks: the seed's messages and notes, word for word, and our words where it gives none."""

from __future__ import annotations

from typing import Final

from entrepot.doors.walmart.errors import MCS, WFS, Row, Voice
from entrepot.failures import orders as o
from entrepot.failures import stock as s

_UNKNOWN_SKU = Row("The SKU is no item of this account")
_NO_STOREFRONT = Row("The account has no such sales channel")

CREATE: Final = Voice(
    MCS,
    "Validation strategy: CREATE-FULFILLMENT-MOCKER-REQUEST-VALIDATION.",
    rows={
        o.OrderSourceUnrecognized: Row("The account cannot take orders"),
        o.StorefrontUnknown: _NO_STOREFRONT,
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
STOREFRONTS: Final = Voice(WFS, rows={o.StorefrontUnknown: _NO_STOREFRONT})
TOKENS: Final = Voice(WFS)
GATEWAY: Final = Voice(WFS)
"""Where no operation is reached."""
