"""The manifest of the Walmart door. What takes long to load is loaded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from entrepot.doors.manifest import KeyKind, Manifest, Missing
from entrepot.doors.walmart.settings import CLIENT, WalmartSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

    from entrepot.doors.kit import DoorFailures, Services
    from entrepot.doors.kit.trying import Try


def _app(services: Services) -> ASGIApp:
    from entrepot.doors.walmart.app import Walmart

    return Walmart(services).app(MISSING)


def _failures() -> DoorFailures:
    from entrepot.doors.walmart.replies.telling import CODES

    return CODES


def _tries(url: str) -> Sequence[Try]:
    from entrepot.doors.walmart.demo import tries

    return tries(url)


MISSING: Final = (
    Missing(
        "cancel-inbound-shipment",
        "Cancel an inbound shipment",
        "DELETE",
        "/v3/fulfillment/inbound-shipments/{inboundOrderId}",
    ),
    Missing(
        "create-inbound-shipment", "Create an inbound shipment", "POST", "/v3/fulfillment/inbound-shipments"
    ),
    Missing("list-inbound-shipments", "List inbound shipments", "GET", "/v3/fulfillment/inbound-shipments"),
    Missing(
        "list-inbound-shipment-items",
        "List the items of inbound shipments",
        "GET",
        "/v3/fulfillment/inbound-shipment-items",
    ),
    Missing(
        "list-inbound-shipment-errors",
        "List the errors of inbound shipments",
        "GET",
        "/v3/fulfillment/inbound-shipment-errors",
    ),
    Missing(
        "preview-inbound-shipment", "Preview an inbound shipment", "POST", "/v3/fulfillment/inbound-preview"
    ),
    Missing(
        "update-shipment-quantities",
        "Change the quantities of an inbound shipment",
        "PUT",
        "/v3/fulfillment/shipment-quantities",
    ),
    Missing(
        "update-shipment-tracking",
        "Set the tracking of an inbound shipment",
        "POST",
        "/v3/fulfillment/shipment-tracking",
    ),
    Missing(
        "create-inbound-label",
        "Make the label of an inbound shipment",
        "POST",
        "/v3/fulfillment/shipment-label",
    ),
    Missing(
        "read-inbound-label",
        "Read the label of an inbound shipment (deprecated)",
        "GET",
        "/v3/fulfillment/label/{shipmentId}",
    ),
    Missing(
        "create-carrier-quote", "Ask for a carrier's rate", "POST", "/v3/fulfillment/carrier-rate-quotes"
    ),
    Missing("read-carrier-quote", "Read a carrier's rate", "GET", "/v3/fulfillment/carrier-rate-quotes"),
    Missing(
        "confirm-carrier-quote",
        "Confirm a carrier's rate",
        "POST",
        "/v3/fulfillment/carrier-rate-quote/confirm",
    ),
    Missing(
        "cancel-carrier-quote",
        "Cancel a carrier's rate",
        "DELETE",
        "/v3/fulfillment/carrier-rate-quote/{shipmentId}",
    ),
    Missing(
        "print-carrier-label", "Print a carrier's label", "POST", "/v3/fulfillment/carrier-label/{shipmentId}"
    ),
    Missing(
        "read-inventory-log", "Read the log of an item's inventory", "GET", "/v3/fulfillment/inventory-log"
    ),
    Missing(
        "read-inventory-health",
        "Read the report of the inventory's health",
        "GET",
        "/v3/report/wfs/getInventoryHealthReport",
    ),
    Missing("search-items-on-hold", "Search items on hold as hazardous", "POST", "/v3/items/onhold/search"),
    Missing("convert-items", "Convert items to fulfilment by the marketplace", "POST", "/v3/feeds"),
)
"""The vendor's fulfilment API beyond orders that were sold elsewhere, as its published specification lists it."""

MANIFEST: Final = Manifest(
    app=_app,
    failures=_failures,
    tries=_tries,
    first=(
        "{url}/walmart/v3/token -H 'Authorization: Basic ZGVtby1tY3M6ZGVtby1tY3Mtc2VjcmV0' "
        "-H 'Accept: application/json' -d grant_type=client_credentials"
    ),
    title="the Walmart MCS API",
    description="/openapi.json",
    keys={
        "client": KeyKind(CLIENT, "live", pair=True),
        "test-client": KeyKind(CLIENT, "test", pair=True),
    },
    settings=WalmartSettings,
    missing=MISSING,
)
