"""What to try at this door in the demo world."""

from __future__ import annotations

import secrets
from typing import Final

from entrepot.doors.kit.trying import Try, posting

KEY: Final = "sk_live_demo-acme-erp-00000000000000000000000000"


def tries(url: str) -> tuple[Try, ...]:
    """A partner's product, in the words of the partner."""
    body = {"InventoryID": f"TRAY-{secrets.token_hex(2)}", "QtyOnHand": 4, "Attributes": {"wood": "oak"}}
    product = posting(f"{url}/datamingle/api/integrations/v1/products/", body, f"X-API-Key: {KEY}")
    says = "A product of a partner who speaks words of its own, over the DataMingle API:"
    return (Try(says, (product,)),)
