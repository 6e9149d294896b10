"""The reply of GET /products/ (the published specification of products, 5.3.10)."""

from __future__ import annotations

from typing import Final

from entrepot.doors.bonsai.openapi.own_words import CURRENCY
from entrepot.doors.kit.describing.words import (
    COUNT,
    FLAG,
    NULLABLE_NUMBER,
    NULLABLE_TEXT,
    NUMBER,
    POSITIVE,
    TEXT,
    JsonSchema,
    array,
    obj,
)

_SIZED = {"width": NULLABLE_NUMBER, "height": NULLABLE_NUMBER}
_NULLABLE_FLAG: JsonSchema = {"type": ["boolean", "null"]}

_VARIANT = obj(
    {
        "id": TEXT,
        "productId": TEXT,
        "position": COUNT,
        "price": NUMBER,
        "inventoryQuantity": COUNT,
        "options": array(obj({"type": TEXT, "value": TEXT})),
        "images": array(obj({"url": TEXT}, _SIZED)),
    },
    {
        "sku": NULLABLE_TEXT,
        "compareAtPrice": NULLABLE_NUMBER,
        "isFinalSale": _NULLABLE_FLAG,
        "gtin": NULLABLE_TEXT,
    },
)

_DESCRIPTION = obj(
    {"isRaw": FLAG, "raw": TEXT},
    {"sections": array(obj({"title": TEXT, "htmlContent": TEXT}))},
)

_IMAGE = obj(
    {"url": TEXT},
    {"contentfulId": TEXT, "title": TEXT, "format": TEXT, **_SIZED, "size": NULLABLE_NUMBER},
)

PRODUCT: Final = obj(
    {
        "id": TEXT,
        "publicId": TEXT,
        "name": TEXT,
        "currency": CURRENCY,
        "unavailable": FLAG,
        "inventory": COUNT,
        "variants": array(_VARIANT),
        "shippingCosts": array(
            obj({"countryCode": TEXT, "shippingRate": POSITIVE}, {"freeIfPassedSubtotal": POSITIVE})
        ),
        "returnPolicy": TEXT,
    },
    {
        "description": _DESCRIPTION,
        "brand": obj({"publicId": TEXT, "name": TEXT}, {"logo": obj({"url": TEXT}, _SIZED)}),
        "merchant": obj({"publicId": TEXT, "name": TEXT}),
        "merchantCountry": TEXT,
        "images": array(_IMAGE),
        "type": TEXT,
        "gender": NULLABLE_TEXT,
        "hasFreeShipping": FLAG,
        "isAfterpayEligible": FLAG,
        "reviews": obj({}, {"totalRatings": NULLABLE_NUMBER, "starRating": NULLABLE_NUMBER}),
        "categories": array(TEXT),
        "productURL": TEXT,
        "shortLinks": array(TEXT),
    },
)
