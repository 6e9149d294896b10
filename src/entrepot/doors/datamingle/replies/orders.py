"""An order in the API's own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from entrepot.domain.kernel.ids import numbered_uuid
from entrepot.domain.orders.amend import is_settled
from entrepot.domain.orders.line_counts import sent
from entrepot.domain.orders.records import Order, OrderLine
from entrepot.doors.datamingle.free_objects import shown
from entrepot.doors.datamingle.replies.moments import written
from entrepot.store.queries.partners.orders import PartnerOrder


def order(found: PartnerOrder, workspace: int) -> dict[str, Any]:
    """The whole order, with its items."""
    known, data = found.order, found.order.data
    return {
        "id": str(known.uuid),
        "order_number": known.external_id or str(known.id),
        "external_order_id": data.get("external_order_id"),
        "customer_name": known.person.full_name or None,
        "customer_info": shown(data.get("customer_info")),
        "status": status(known, found.lines),
        "notes": known.note,
        "order_date": data.get("order_date"),
        "due_date": data.get("due_date"),
        "metadata": shown(data.get("metadata")),
        "items": [_item(line, workspace) for line in found.lines],
        "cancellation_reason": found.reason or None,
        "cancelled_at": written(found.cancelled_at),
        "created_at": written(known.placed_at),
        "updated_at": written(known.changed_at),
    }


def status(known: Order, lines: Sequence[OrderLine]) -> str:
    """How far the order is, in one of the API's words."""
    if known.state in ("cancelled", "failed"):
        return "cancelled"
    if is_settled(lines):
        return "shipped"
    waits = [line for line in lines if line.new or line.acknowledged]
    if waits and not any(line.new for line in waits):
        return "verified"
    return "in_progress" if any(map(_begun, lines)) else "pending"


def _begun(line: OrderLine) -> int:
    """How many units are being worked on, or have left."""
    return line.acknowledged + sent(line)


def _item(line: OrderLine, workspace: int) -> dict[str, Any]:
    verified = _begun(line)
    whole = verified and verified >= line.quantity - line.cancelled
    return {
        "id": str(numbered_uuid(line.id, "order-line", str(workspace))),
        "sku": {"sku": line.sku},
        "sku_code": line.sku,
        "quantity": line.quantity,
        "verified_quantity": verified,
        "verification_status": "verified" if whole else "partial" if verified else "pending",
        "notes": line.data.get("notes"),
    }
