"""The request bodies of orders and storefronts, declared once: for the checker and for the API description.

Limits are those of the vendor's current specification where it has one (decision walmart form of requests).
"""

from __future__ import annotations

from typing import Any, Final

from entrepot.domain.kernel.regions import country_codes, country_codes_of_three, provinces_of
from entrepot.doors.kit.checking import Amount, Arr, Bag, Body, Bool, Key, Number, Obj, Shape, Str, Whole
from entrepot.doors.walmart import bodies

MAX_LINES: Final = 200
MAX_QUANTITY: Final = 1_000_000
MAX_CHANNELS: Final = 10
LONGEST_NUMBER: Final = 36
MAX_CHARGES: Final = 50
MAX_OFFERS: Final = 30
MAX_ITEMS: Final = 100
MAX_UNITS: Final = 1_000_000_000

# Two countries with one code do not exist, so both dialects are one list.
COUNTRY: Final = Str(choices=(*country_codes(), *country_codes_of_three()), folds=True, example="US")
STATE: Final = Str(choices=provinces_of("US"), folds=True, example="CA")
ZIP: Final = Str(pattern="[0-9]{5}", example="94103")
UNIT: Final = Str(choices=("EACH", "EA"), folds=True, example="EACH")
SKU: Final = Str(example="mug")
# Only where an order comes to exist is the form of its number looked at: whoever looks for one may write anything.
_NEW_NUMBER = Str(longest=LONGEST_NUMBER, pattern=r"[A-Za-z0-9\s]+", example="SO123456")
NUMBER: Final = Str(longest=LONGEST_NUMBER, example="SO123456")


def optional(name: str, shape: Shape) -> Key:
    """A member that may be absent or null."""
    return Key(name, shape, required=False)


def envelope(payload: Obj) -> Obj:
    """The whole body around a payload."""
    return Obj((optional("header", Bag()), Key("payload", payload)))


_NAME = Obj((Key("firstName", Str(longest=64)), Key("lastName", Str(longest=64))))
_CONTACT = Obj((Key("name", _NAME), Key("phone", Str(longest=15)), optional("email", Str(longest=64))))
_ADDRESS = Obj(
    (
        Key("line1", Str(longest=35)),
        optional("line2", Str(longest=35)),
        Key("city", Str(longest=32)),
        Key("state", STATE),
        Key("country", COUNTRY),
        Key("zip", ZIP),
        optional("addressType", Str(longest=32, example="RESIDENTIAL")),
    )
)
_QUANTITY = Obj((Key("unitOfMeasure", UNIT), Key("measurementValue", Whole(least=1, most=MAX_QUANTITY))))

_CHARGE = Obj(
    (
        optional("chargeCategory", Str()),
        optional("chargeName", Str()),
        optional(
            "chargePerUnit",
            Obj(
                (
                    optional("currencyAmount", Number()),
                    optional("unit", Str()),
                    optional("currencyUnit", Str()),
                )
            ),
        ),
        optional("taxDetails", Bag()),
    )
)
_ORDER_ITEM = Obj(
    (
        Key("sellerLineId", Str(longest=6, example="1")),
        optional("shippingMethod", Str(choices=("EXPEDITED", "STANDARD"))),
        Key("itemDetail", Obj((Key("sku", SKU),))),
        Key("qty", _QUANTITY),
        Key("shippingTo", Obj((Key("contact", _CONTACT), Key("address", _ADDRESS)))),
        optional("chargeDetails", Arr(_CHARGE, least=0, most=MAX_CHARGES)),
    )
)

CREATE: Final[Body[bodies.Envelope[bodies.CreateOrder]]] = Body(
    "CreateOrderInput",
    envelope(
        Obj(
            (
                optional("sellerOrderId", _NEW_NUMBER),
                optional("customerOrderNo", _NEW_NUMBER),
                Key("orderChannelId", Str()),
                optional("orderPlacedTime", Str(longest=64, example="2026-03-25T21:58:30.143Z")),
                Key("customer", Obj((Key("contact", _CONTACT),))),
                Key("orderItems", Arr(_ORDER_ITEM, least=1, most=MAX_LINES)),
            )
        )
    ),
    bodies.Envelope[bodies.CreateOrder],
)

_CANCEL_ITEM = Obj((Key("sellerLineId", Str(longest=32, example="1")), Key("qty", _QUANTITY)))

CANCEL: Final[Body[bodies.Envelope[bodies.CancelOrder]]] = Body(
    "CancelOrderInput",
    envelope(
        Obj(
            (
                optional("sellerOrderId", NUMBER),
                optional("customerOrderNo", NUMBER),
                Key("orderItems", Arr(_CANCEL_ITEM, least=1, most=MAX_LINES)),
            )
        )
    ),
    bodies.Envelope[bodies.CancelOrder],
)

_RETURN_ADDRESS = Obj(
    (
        Key("firstName", Str(longest=64)),
        Key("line1", Str()),
        optional("line2", Str()),
        optional("line3", Str()),
        Key("city", Str()),
        Key("state", Str(longest=64)),
        Key("country", COUNTRY),
        Key("zip", Str(longest=10)),
        optional("addressType", Str(longest=32)),
    )
)
_CHANNEL: tuple[Key, ...] = (
    Key("orderChannelName", Str(longest=100, pattern=r"[\s\S]{3,}", example="Example shop")),
    Key("returnAddress", _RETURN_ADDRESS),
    optional("active", Bool()),
    optional("boxCatalogType", Str()),
    optional("shipping", Str()),
    optional("sellerId", Str()),
    optional("sellerName", Str()),
    optional("partialFulfillment", Bool()),
    optional("martId", Str()),
    optional("carrierPreferences", Str(choices=("packageA", "packageB", "packageC"))),
    optional("carrierPreference", Str()),
    optional("rapResponse", Str()),
)


def _channels(name: str, *more: Key) -> Body[bodies.Envelope[bodies.Channels]]:
    details = Arr(Obj((*more, *_CHANNEL)), least=1, most=MAX_CHANNELS)
    lists = (optional("mcsDetails", details), optional("mcfDetails", details))
    payload = Obj((Key("partnerId", Str()), *lists), any_of=("mcsDetails", "mcfDetails"))
    return Body(name, envelope(payload), bodies.Envelope[bodies.Channels])


NEW_CHANNELS: Final = _channels("NewChannelsInput")
CHANNELS: Final = _channels("ChannelsInput", Key("orderChannelId", Str()))

_RETURN_ITEM = Obj(
    (
        optional("returnReason", Str(longest=256, example="DAMAGED")),
        Key("itemDetail", Obj((Key("sku", SKU),))),
        # How many may come back is judged by the order, so any number is one here.
        Key("qty", Obj((Key("unitOfMeasure", UNIT), Key("measurementValue", Number())))),
    )
)
RETURN: Final[Body[bodies.Envelope[bodies.CreateReturn]]] = Body(
    "CreateReturnInput",
    envelope(
        Obj(
            (
                optional("sellerReturnOrderId", Str(longest=64)),
                Key("sellerOrderId", Str()),
                Key("orderItems", Arr(_RETURN_ITEM, least=1, most=MAX_LINES)),
            )
        )
    ),
    bodies.Envelope[bodies.CreateReturn],
)

# Both dialects of an address at once; which members are needed is looked at afterwards.
_DESTINATION = Obj(
    (
        optional("line1", Str()),
        optional("line2", Str()),
        optional("addressLineOne", Str()),
        optional("addressLineTwo", Str()),
        optional("city", Str()),
        optional("state", STATE),
        optional("stateCode", STATE),
        optional("country", COUNTRY),
        optional("countryCode", COUNTRY),
        optional("zip", ZIP),
        optional("postalCode", ZIP),
        optional("isPOBox", Bool()),
        optional("addressType", Str(longest=32)),
    )
)
_OFFER = Obj(
    (
        Key("sku", SKU),
        Key("lineId", Str(longest=64, example="1")),
        optional("salesUnit", UNIT),
        Key("requestedQuantity", _QUANTITY),
        optional("shippingMethod", Str(choices=("EXPEDITED", "STANDARD"))),
    )
)
PROMISE: Final[Body[bodies.Envelope[bodies.Promise]]] = Body(
    "PromiseInput",
    envelope(
        Obj(
            (
                optional("requestId", Str()),
                Key(
                    "offerSelections",
                    Arr(
                        Obj((Key("offers", Arr(_OFFER, least=1, most=MAX_OFFERS)),)),
                        least=1,
                        most=MAX_OFFERS,
                    ),
                ),
                Key(
                    "destinations",
                    Arr(
                        Obj(
                            (
                                optional("fulfillmentType", Str(choices=("DELIVERY", "S2H"), folds=True)),
                                Key("address", _DESTINATION),
                            )
                        ),
                        least=1,
                        most=MAX_OFFERS,
                    ),
                ),
            )
        )
    ),
    bodies.Envelope[bodies.Promise],
)

_MEASURE = Obj((Key("unitOfMeasure", Str(longest=16)), Key("measurementValue", Number())))
_ITEM = Obj(
    (
        Key("sku", SKU),
        optional("offerId", Str()),
        optional("itemId", Str()),
        optional("gtin", Str(longest=14, pattern="[0-9]{8,14}")),
        optional("brand", Str()),
        optional("productName", Str()),
        optional("availableToSellUnits", Whole(least=0, most=MAX_UNITS)),
        optional("itemPrice", Amount()),
        optional(
            "dimensions",
            Obj(tuple(optional(name, _MEASURE) for name in ("weight", "length", "height", "width"))),
        ),
    )
)
ITEMS: Final[Body[bodies.Envelope[bodies.Items]]] = Body(
    "ItemsInput",
    envelope(Obj((Key("items", Arr(_ITEM, least=1, most=MAX_ITEMS)),))),
    bodies.Envelope[bodies.Items],
)

BODIES: Final[tuple[Body[Any], ...]] = (CREATE, CANCEL, NEW_CHANNELS, CHANNELS, RETURN, PROMISE, ITEMS)
