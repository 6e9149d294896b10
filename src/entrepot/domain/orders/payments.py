"""What has been paid for an order, and what was given back."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from entrepot.domain.kernel.records import Record


class ProviderRequest(msgspec.Struct, frozen=True):
    """What the provider of a reserved payment is being asked for; `no` tells this question from all others."""

    what: Literal["capture", "cancel"]
    no: int


class Payment(Record, frozen=True):
    """Money for an order; or, while it is planned, for whatever its cart comes to: then `amount` says nothing.

    `kind` says who collects it (card: the platform, external: the account, manual: somebody by hand) or that a gift
    certificate did. `reference` is the gateway's name for it; `reported` are the amounts that an account says it
    collected; `method_id` is the shop's payment method.
    """

    order: int
    no: int
    id: int
    kind: Literal["card", "external", "manual", "certificate"]
    method: str
    state: Literal["planned", "unpaid", "pending", "reserved", "paid", "cancelled", "error"]
    amount: int
    currency: str
    refunded: int
    reference: str | None
    reported: dict[str, int] | None
    method_id: int | None = None
    params: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    external_data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    asking: ProviderRequest | None = None

    @property
    def key(self) -> Hashable:
        """Order and number."""
        return (self.order, self.no)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order


class RefundedLine(msgspec.Struct, frozen=True):
    """Units of one order line that a refund is for."""

    line: int
    quantity: int


class Breakdown(msgspec.Struct, frozen=True):
    """An amount by what it was paid for, in minor units."""

    goods: int
    goods_tax: int
    shipping: int
    shipping_tax: int
    duties: int

    @property
    def total(self) -> int:
        """The whole amount."""
        return self.goods + self.goods_tax + self.shipping + self.shipping_tax + self.duties


class CallersKey(msgspec.Struct, frozen=True):
    """How a caller names what it asks for, so that it can ask again: `value` within one order.

    `body` is a digest of the request: the same key with another body is another request. Times are real: until
    `alone_until` nobody but who asked first asks the provider, which knows its own key until `known_until`.
    """

    value: str
    body: str
    alone_until: datetime
    known_until: datetime

    def names(self, other: CallersKey) -> bool:
        """Whether it is the other's name and request."""
        return (self.value, self.body) == (other.value, other.body)


LONGEST_KEY = 255


def is_key(text: str) -> bool:
    """Whether a caller can name something so: by 1 to 255 printable ASCII characters."""
    return 0 < len(text) <= LONGEST_KEY and text.isascii() and text.isprintable()


class Refund(Record, frozen=True):
    """Money of one payment (its number within the order) that is given back; `id` is the workspace's.

    `return_id` is the return whose receipt it is for, None where it was given by hand.
    It is `open` until the gateway has said so, and gone if that refuses; `key_uuid` makes asking again safe. `asked`
    is the caller's own name for it, if it gave one.
    """

    order: int
    id: int
    payment: int
    key_uuid: UUID
    state: Literal["open", "done"]
    amount: int
    reason: str
    breakdown: Breakdown
    lines: tuple[RefundedLine, ...]
    reference: str | None
    at: datetime
    return_id: int | None = None
    asked: CallersKey | None = None

    @property
    def key(self) -> Hashable:
        """Order and id."""
        return (self.order, self.id)

    @property
    def parent(self) -> Hashable:
        """The order."""
        return self.order
