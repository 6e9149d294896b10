"""Who buys: customers, their groups, the sessions in which they buy, one-time codes, and who administers a shop."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from entrepot.domain.kernel.records import Record


def proof_of(password_hash: str | None) -> bytes:
    """What stands for a password that was set, and for no other: whoever keeps it can tell whether it still holds.

    Hashes are salted, so that the same password set anew has another proof.
    """
    return hashlib.sha256((password_hash or "").encode()).digest()


class ContactAddress(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Where somebody lives. `country` is ISO 3166-1 alpha-2, `company` None unless it is one."""

    company: str | None = None
    first_name: str = ""
    last_name: str = ""
    address: str = ""
    address2: str = ""
    postcode: str = ""
    town: str = ""
    country: str = ""
    state: str = ""
    phone_day: str = ""
    phone_night: str = ""
    phone_mobile: str = ""


class DeliveryAddress(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Where goods go; `copy_address` says that it is the buyer's own address."""

    copy_address: bool = True
    company: str | None = None
    name: str = ""
    address: str = ""
    address2: str = ""
    postcode: str = ""
    town: str = ""
    country: str = ""
    state: str = ""


class BuyerInfo(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What else is known of a buyer."""

    email: str = ""
    type: Literal["individual", "business"] = "individual"
    company_number: str = ""
    newsletter: bool = False


class Buyer(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Who a cart or an order is for."""

    address: ContactAddress = ContactAddress()
    delivery_address: DeliveryAddress = DeliveryAddress()
    info: BuyerInfo = BuyerInfo()


class CustomerGroup(Record, frozen=True):
    """Customers for whom methods, codes or assortments may be reserved. `name` is by language."""

    id: int
    channel: int
    name: dict[str, str]
    data: dict[str, Any]

    @property
    def key(self) -> Hashable:
        """The group's id."""
        return self.id


class Customer(Record, frozen=True):
    """Somebody who has an account in a shop.

    `email_folded` is what e-mails are compared by: of the confirmed customers of a channel each has its own.
    `approved` says whether the customer may log in; `search` is folded text to be found by. What was mailed before
    `secured_at`, when password or e-mail were last set, proves nothing any more.
    """

    id: int
    uuid: UUID
    channel: int
    email: str
    email_folded: str
    state: Literal["unconfirmed", "confirmed", "removed"]
    approved: bool
    password_hash: str | None
    language: str | None
    groups: tuple[int, ...]
    address: ContactAddress
    delivery_address: DeliveryAddress
    info: BuyerInfo
    custom: dict[str, Any]
    search: str
    created_at: datetime
    changed_at: datetime
    version: int
    secured_at: datetime

    @property
    def key(self) -> Hashable:
        """The customer's id."""
        return self.id


def buyer_of(customer: Customer) -> Buyer:
    """What is known of a customer, as a cart says it of its buyer."""
    return Buyer(customer.address, customer.delivery_address, customer.info)


class OneTimeCode(Record, frozen=True):
    """A code that was mailed to a customer and works once; only its hash is stored.

    `customer` is None for a code that was asked for an address which is nobody's, and mailed to nobody. `email` is the
    address that it proves, if it proves one: whoever brings it did not claim it before.
    """

    hash: bytes
    kind: Literal["signup", "reset", "email"]
    channel: int
    customer: int | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    email: str | None = None

    @property
    def key(self) -> Hashable:
        """The hash of the code."""
        return self.hash


class Session(Record, frozen=True):
    """A buyer's visit. `cart` is the latest one, gone once it was placed; `vat_country` None is the shop's.

    `proof` is that of the customer's password when she was joined to the session, which ends with that password.
    """

    id: int
    hash: bytes
    channel: int
    environment: str
    customer: int | None
    cart: int | None
    currency: str
    language: str
    vat_country: str | None
    created_at: datetime
    expires_at: datetime
    version: int
    proof: bytes | None = None

    @property
    def key(self) -> Hashable:
        """The session's id."""
        return self.id


class Administrator(Record, frozen=True):
    """Somebody who runs shops of the workspace: `channel`'s, or with None all of them."""

    id: int
    channel: int | None
    username: str
    password_hash: str
    name: str
    active: bool
    created_at: datetime

    @property
    def key(self) -> Hashable:
        """The administrator's id."""
        return self.id
