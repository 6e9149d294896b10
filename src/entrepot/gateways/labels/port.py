"""The port to a label service: who makes the label with which a parcel comes back, and says under which number."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import msgspec

from entrepot.domain.channels.accounts import ReturnAddress
from entrepot.domain.orders.records import Address


class LabelRequest(msgspec.Struct, frozen=True, rename="camel"):
    """A label that is wanted. `key` is 32 hexadecimal digits, drawn by chance: the same key again is the same label.

    `reference` is what is printed for people to read. `carrier` and `service` are the account's wishes, empty where
    it has none. With `inline` the answer is to hold the document itself.
    """

    key: str
    environment: str
    reference: str
    carrier: str = ""
    service: str = ""
    sender: Address | None = None
    recipient: ReturnAddress | None = None
    inline: bool = False

    def __repr__(self) -> str:
        return f"LabelRequest(environment={self.environment!r})"


class Label(msgspec.Struct, frozen=True):
    """The label that there is: the carrier's number, and where its PDF is read.

    A `url` that begins with a slash is a path of this server. `document` is the PDF where it was wanted inline and the
    service gave it.
    """

    carrier: str
    tracking: str
    url: str
    tracking_url: str = ""
    document: bytes | None = None

    def __repr__(self) -> str:
        return f"Label(tracking={self.tracking!r})"


class Voided(msgspec.Struct, frozen=True):
    """There is no label of this key, and none will be made."""


class LabelRefused(msgspec.Struct, frozen=True):
    """The service says no, and has made nothing. `reason` is for operators and holds none of the request."""

    reason: str


class LabelFailed(msgspec.Struct, frozen=True):
    """No answer that can be used. `reached` is false where the service was certainly not asked.

    `reason` is for operators; it holds nothing of the request and no address.
    """

    reason: str
    reached: bool = True


Making: TypeAlias = Label | LabelRefused | LabelFailed
Voiding: TypeAlias = Voided | LabelFailed


class LabelService(Protocol):
    """Someone who makes labels: every failure is an answer, nothing is raised."""

    async def make(self, request: LabelRequest) -> Making:
        """Make a label, once per key however often it is asked. A key that was voided is refused."""
        ...

    async def void(self, key: str) -> Voiding:
        """Take the label of this key back; it succeeds where there is none, and who asks for it later is refused."""
        ...
