"""By which of its fields a partner means a record (decision datamingle identifiers)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from entrepot.doors.datamingle.admission import Partner
from entrepot.doors.kit import Request

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "orders": ("order_number", "external_order_id", "id"),
    "products": ("sku", "id"),
    "locations": ("code", "id"),
}
"""The fields that name one record each; the first is the one that counts where nothing else is said."""
LONGEST: Final = 255


def identifier(request: Request) -> str:
    """The identifier in the path."""
    return request.params["identifier"]


def fields_of(resource: str, partner: Partner) -> Sequence[str]:
    """The fields to look at, in this order; none where the mapping names a field that names no record.

    The mapping's field goes before the partner's; who passes through means an order's number, or else its second name.
    """
    known = FIELDS[resource]
    named = partner.speech.identifier
    if named is not None:
        return (named,) if named in known else ()
    if partner.settings.partner is None:
        return known[:2] if resource == "orders" else known[:1]
    default = partner.settings.partner.default_identifier_field
    return (default,) if default in known else known[:1]


def as_uuid(text: str) -> UUID | None:
    """The UUID that is written so, in the usual form."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None
