"""What the checked request bodies look like: the types of `schemas.py`'s declarations."""

from decimal import Decimal
from typing import Any, Generic, NotRequired, TypedDict, TypeVar

P = TypeVar("P")


class Envelope(TypedDict, Generic[P]):
    """Every body: a header that hardly anybody looks at, and the payload."""

    header: NotRequired[dict[str, Any]]
    payload: P


class Name(TypedDict):
    """A person's name."""

    firstName: str
    lastName: str


class Contact(TypedDict):
    """Who is to be reached."""

    name: Name
    phone: str
    email: NotRequired[str]


class Customer(TypedDict):
    """Who ordered."""

    contact: Contact


class Address(TypedDict):
    """A destination in the United States."""

    line1: str
    line2: NotRequired[str]
    city: str
    state: str
    country: str
    zip: str
    addressType: NotRequired[str]


class ShippingTo(TypedDict):
    """Where a line goes."""

    contact: Contact
    address: Address


class ItemDetail(TypedDict):
    """Which item a line is of."""

    sku: str


class Quantity(TypedDict):
    """Whole units."""

    unitOfMeasure: str
    measurementValue: int


class OrderItem(TypedDict):
    """A line of an order to be created."""

    sellerLineId: str
    shippingMethod: NotRequired[str]
    itemDetail: ItemDetail
    qty: Quantity
    shippingTo: ShippingTo
    chargeDetails: NotRequired[list[dict[str, Any]]]


class CreateOrder(TypedDict):
    """The payload of POST /orders-fulfillments; one of the two numbers is there."""

    orderChannelId: str
    sellerOrderId: NotRequired[str]
    customerOrderNo: NotRequired[str]
    orderPlacedTime: NotRequired[str]
    customer: Customer
    orderItems: list[OrderItem]


class CancelItem(TypedDict):
    """So many units of a line that are to be cancelled."""

    sellerLineId: str
    qty: Quantity


class CancelOrder(TypedDict):
    """The payload of POST /orders-fulfillments/cancel; one of the two numbers is there."""

    sellerOrderId: NotRequired[str]
    customerOrderNo: NotRequired[str]
    orderItems: list[CancelItem]


class ReturnAddress(TypedDict):
    """Where buyers send back to."""

    firstName: str
    line1: str
    line2: NotRequired[str]
    line3: NotRequired[str]
    city: str
    state: str
    country: str
    zip: str
    addressType: NotRequired[str]


class Channel(TypedDict):
    """One storefront, as the vendor calls it a sales channel."""

    orderChannelId: NotRequired[str]
    orderChannelName: str
    returnAddress: ReturnAddress
    active: NotRequired[bool]
    boxCatalogType: NotRequired[str]
    shipping: NotRequired[str]
    sellerId: NotRequired[str]
    sellerName: NotRequired[str]
    partialFulfillment: NotRequired[bool]
    martId: NotRequired[str]
    carrierPreferences: NotRequired[str]
    carrierPreference: NotRequired[str]
    rapResponse: NotRequired[str]


class Channels(TypedDict):
    """The payload of POST and PUT /channel-details; the two lists are one."""

    partnerId: str
    mcsDetails: NotRequired[list[Channel]]
    mcfDetails: NotRequired[list[Channel]]


class AnyQuantity(TypedDict):
    """A number of which the order judges whether it is a quantity."""

    unitOfMeasure: str
    measurementValue: int | float


class ReturnItem(TypedDict):
    """Units of a SKU that come back."""

    returnReason: NotRequired[str]
    itemDetail: ItemDetail
    qty: AnyQuantity


class CreateReturn(TypedDict):
    """The payload of POST /return-orders."""

    sellerReturnOrderId: NotRequired[str]
    sellerOrderId: str
    orderItems: list[ReturnItem]


class Offer(TypedDict):
    """A SKU that is asked about."""

    sku: str
    lineId: str
    salesUnit: NotRequired[str]
    requestedQuantity: Quantity
    shippingMethod: NotRequired[str]


class OfferSelection(TypedDict):
    """Offers that are asked about together."""

    offers: list[Offer]


class Destination(TypedDict):
    """Where offers would go; the address is in one of two dialects."""

    fulfillmentType: NotRequired[str]
    address: dict[str, Any]


class Promise(TypedDict):
    """The payload of POST /fetchOrderPromiseOptions."""

    offerSelections: list[OfferSelection]
    destinations: list[Destination]


class Item(TypedDict):
    """An item with its stock."""

    sku: str
    offerId: NotRequired[str]
    itemId: NotRequired[str]
    gtin: NotRequired[str]
    brand: NotRequired[str]
    productName: NotRequired[str]
    availableToSellUnits: NotRequired[int]
    itemPrice: NotRequired[Decimal]
    dimensions: NotRequired[dict[str, Any]]


class Items(TypedDict):
    """The payload of POST /mcs/item."""

    items: list[Item]
