"""A label as it is asked for."""

from __future__ import annotations

from entrepot.domain.channels.accounts import ReturnAddress
from entrepot.domain.orders.records import Address
from entrepot.gateways.labels.port import LabelRequest

KEY, OTHER = "0123456789abcdef" * 2, "f" * 32
HOME = Address("Ann", "Lee", "1 Front Street", "Toronto", "CA", "M5J 2N1", province="ON")
SHOP = ReturnAddress("Returns", "5 Dock Road", city="Halifax", province="NS", zip="B3H 1A1", country="CA")


def label_request(key: str = KEY, *, inline: bool = False, reference: str = "A-1") -> LabelRequest:
    return LabelRequest(
        key, "live", reference, service="STANDARD", sender=HOME, recipient=SHOP, inline=inline
    )
