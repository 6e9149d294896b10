"""Products, locations and levels in the API's own words."""

from __future__ import annotations

from typing import Any, Final

from entrepot.domain.kernel.ids import number_of, numbered_uuid
from entrepot.domain.stock.levels import Location
from entrepot.doors.datamingle.free_objects import shown
from entrepot.doors.datamingle.identifiers import as_uuid
from entrepot.doors.datamingle.replies.moments import written
from entrepot.store.queries.partners.goods import PartnerLevel, PartnerProduct

PRODUCT: Final = "product"
LOCATION: Final = "location"


def product(found: PartnerProduct, workspace: int) -> dict[str, Any]:
    """A product; what it costs is nobody's business here."""
    return {
        "id": public_id(found.variant, PRODUCT, workspace),
        "sku": found.sku,
        "quantity": found.quantity,
        "is_active": found.active,
        "cost": None,
        "custom_fields": shown(found.custom_fields),
        "created_at": written(found.created_at),
        "updated_at": written(found.changed_at),
    }


def location(found: Location, workspace: int) -> dict[str, Any]:
    """A location."""
    return {
        "id": public_id(found.id, LOCATION, workspace),
        "code": found.code,
        "name": found.name or None,
        "zone": found.zone or None,
        "aisle": found.aisle or None,
        "is_active": found.active,
        "metadata": shown(found.data.get("metadata")),
        "created_at": written(found.created_at),
        "updated_at": written(found.changed_at),
    }


def level(found: PartnerLevel) -> dict[str, Any]:
    """How much of a product is at a location."""
    return {"location_code": found.code, "sku_code": found.sku, "quantity": found.quantity}


def public_id(number: int, kind: str, workspace: int) -> str:
    """The id of a numbered record, as partners know it."""
    return str(numbered_uuid(number, kind, str(workspace)))


def number_behind(text: str, kind: str, workspace: int) -> int | None:
    """The number of the record that has this id; None where none can have it."""
    uuid = as_uuid(text)
    return None if uuid is None else number_of(uuid, kind, str(workspace))
