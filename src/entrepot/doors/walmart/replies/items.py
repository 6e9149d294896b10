"""Items and their stock in the vendor's words."""

from __future__ import annotations

from typing import Any, Final

from entrepot.domain.kernel.money import to_major
from entrepot.doors.walmart.replies.orders import moment
from entrepot.store.queries.stock import GoodsRow

KEPT: Final = ("offerId", "itemId", "gtin", "brand", "dimensions")
"""What only this door knows of an item, as it was sent."""


def item(row: GoodsRow, currency: str) -> dict[str, Any]:
    """An item as it was created, with what can be sold of it now."""
    return {
        "sku": row.sku,
        "productName": row.name,
        **{name: row.data[name] for name in KEPT if name in row.data},
        "availableToSellUnits": _free(row),
        "itemPrice": None if row.price is None else to_major(row.price, currency),
    }


def wfs_inventory(row: GoodsRow) -> dict[str, Any]:
    """An item in the list of the warehouse's stock."""
    free = _free(row)
    return {
        "itemInformation": {
            "itemName": row.name,
            "gtin": row.data.get("gtin"),
            "sku": row.sku,
            "itemID": row.data.get("itemId"),
            "offerID": row.data.get("offerId"),
            "brand": row.data.get("brand"),
            "itemCondition": "New",
        },
        "inventoryData": {
            "publishingStatus": "PUBLISHED" if row.on_sale else "UNPUBLISHED",
            "itemLifecycle": "ACTIVE" if row.on_sale else "ARCHIVED",
            "stockStatus": "IN_STOCK" if free else "OUT_OF_STOCK",
            "availableUnits": free,
            "reservedUnits": row.reserved,
            "inboundUnits": 0,
            "onhandUnits": row.on_hand,
        },
    }


def legacy_inventory(row: GoodsRow) -> dict[str, Any]:
    """An item in the older list."""
    node = {
        "modifiedDate": moment(row.changed_at),
        "availToSellQty": _free(row),
        "onHandQty": row.on_hand,
        "shipNodeType": "WFSFulfilled",
    }
    return {"sku": row.sku, "shipNodes": [node]}


def _free(row: GoodsRow) -> int:
    """What can be sold: of a SKU that is off sale nothing."""
    return row.free if row.on_sale else 0
