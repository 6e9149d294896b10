"""The manifest of the ReBound door. What takes long to load is loaded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from entrepot.doors.manifest import KeyKind, Manifest, Missing
from entrepot.doors.rebound.settings import CLIENT, ReboundSettings, settings_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

    from entrepot.doors.kit import DoorFailures, Services
    from entrepot.doors.kit.trying import Try
    from entrepot.engine.deliveries.events import Body


def _app(services: Services) -> ASGIApp:
    from entrepot.doors.rebound.app import Rebound

    return Rebound(services).app(MISSING)


def _failures() -> DoorFailures:
    from entrepot.doors.rebound.telling import CODES

    return CODES


def _tells() -> Body:
    from entrepot.doors.rebound.replies.notices import body

    return body


def _tries(url: str) -> Sequence[Try]:
    from entrepot.doors.rebound.demo import tries

    return tries(url)


_OLDER: Final = (
    ("check-available-v1", "Ask whether the service is there", "check/available"),
    ("create-order-v1", "Create an order", "orders/create"),
    ("delete-order-v1", "Delete an order", "orders/delete"),
    ("read-order-v1", "Read an order", "orders/get"),
    ("search-orders-v1", "Search orders", "orders/search"),
    ("read-return-billing-v1", "Read what returns cost", "returns/billing"),
    ("cancel-return-v1", "Cancel a return", "returns/cancel"),
    ("create-return-v1", "Create a return", "returns/create"),
    ("read-return-v1", "Read a return", "returns/get"),
    ("read-return-items-v1", "Read the items of a return", "returns/items"),
    ("ask-return-prices-v1", "Ask what a return would cost", "returns/request_for_prices"),
    ("search-returns-v1", "Search returns", "returns/search"),
    ("read-drop-off-points-v1", "Find points where parcels are dropped", "services/get_drop_off_points"),
    ("add-tracking-status-v1", "Add a status to the tracking", "tracking/add_status"),
    ("read-tracking-v1", "Read the tracking", "tracking/get"),
    (
        "read-tracking-by-date-added-v1",
        "Read the tracking by date of entry",
        "tracking/get_by_date_added_range",
    ),
    ("read-tracking-by-date-v1", "Read the tracking by date", "tracking/get_by_date_range"),
)
MISSING: Final = tuple(
    Missing(name, title, "POST", f"/api/{call}/{{format}}") for name, title, call in _OLDER
)
"""The vendor's older API, whose calls end in `json` or `xml`. The newer one documents nothing that the door lacks."""

MANIFEST: Final = Manifest(
    app=_app,
    failures=_failures,
    tells=_tells,
    tries=_tries,
    first=(
        "{url}/rebound/oauth/token -H 'Authorization: Basic ZGVtby1yZXR1cm5zOmRlbW8tcmV0dXJucy1zZWNyZXQ=' "
        "-d grant_type=client_credentials"
    ),
    title="the ReBound Order API v2",
    description="/openapi.json",
    keys={"client": KeyKind(CLIENT, "live", pair=True), "test-client": KeyKind(CLIENT, "test", pair=True)},
    settings=ReboundSettings,
    stock_modes=frozenset({"record"}),
    events={"tracking": "return.advanced", "refund": "return.refundable"},
    faults=settings_faults,
    missing=MISSING,
)
"""Both are pairs `id:secret`, for which a client gets access tokens."""
