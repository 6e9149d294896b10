"""Becoming a customer: signing up with an address, and confirming with the code that was mailed there."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Any

import msgspec

from entrepot.domain.channels.accounts import channel_of
from entrepot.domain.channels.edit_rows import patched
from entrepot.domain.customers.email_claims import (
    SIGNUP_LIFETIME,
    claim_key,
    claim_of,
    claimant,
    fields_of,
    has_lapsed,
    holder,
    search_text,
)
from entrepot.domain.customers.mails import Sender, code_mail
from entrepot.domain.customers.records import (
    BuyerInfo,
    ContactAddress,
    Customer,
    DeliveryAddress,
    OneTimeCode,
)
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures.accounts import ConfirmationFailed, CustomerExists, SignupCodeInvalid


class NewCode(msgspec.Struct, frozen=True):
    """A fresh random code and the hash that is stored for it. Its `repr` hides it."""

    text: str
    hash: bytes

    def __repr__(self) -> str:
        return "NewCode(<redacted>)"


class CustomerSet(msgspec.Struct, frozen=True):
    """A customer as it now stands."""

    customer: Customer


class AddressCommand(Command, frozen=True, kw_only=True):
    """What the commands share that are about an address: they see and lock who holds it."""

    channel: int
    email: str

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The account, the address, and the customer who goes by it."""
        match stage:
            case Stage.CHANNEL:
                return (self.channel,)
            case Stage.REFERENCE:
                return (claim_key(self.channel, self.email),)
            case Stage.CUSTOMER:
                number = claimant(view, self.channel, self.email)
                return () if number is None else (number,)
            case _:
                return ()

    def is_taken(self, view: View) -> bool:
        """Whether somebody has the address.

        One who is seen with it but, once locked, no longer has it, gave it up a moment ago: who comes at the same
        time comes before.
        """
        return claimant(view, self.channel, self.email) is not None


class SignUp(AddressCommand, frozen=True, kw_only=True):
    """Make an unconfirmed customer, and mail the code that confirms it. The result is `CustomerSet`.

    `fields` are the customer's fields as a merge patch. Somebody who signed up with this address and let the time to
    confirm it pass gives way.
    """

    password_hash: str
    fields: dict[str, Any]
    sender: Sender
    code: NewCode

    @property
    def ids(self) -> int:
        """The customer's and the mail's."""
        return 2

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an address that another customer of the shop has."""
        before = holder(view, self.channel, self.email)
        if before is None and self.is_taken(view):
            return refused(CustomerExists())
        if before is not None and not has_lapsed(before, now):
            return refused(CustomerExists())
        made = blank_customer(self.channel, before, now, ids)
        customer = filled(made, {**self.fields, "password_hash": self.password_hash}, now)
        code = OneTimeCode(
            self.code.hash, "signup", self.channel, customer.id, now, now + SIGNUP_LIFETIME, None
        )
        channel = channel_of(view, self.channel)
        to, written = customer.email, (self.sender, customer.language, self.code.text)
        mail = code_mail(channel, "signup", *written, to, ids.next(), now)
        changes = Changes((customer, claim_of(self.channel, self.email, customer.id), code, mail))
        return Decided(CustomerSet(customer), changes)


class CodeCommand(Command, frozen=True, kw_only=True):
    """What the commands share that bring a code: they see and lock it and its customer."""

    channel: int
    hash: bytes

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The code and its customer."""
        if stage is Stage.CODE:
            return (self.hash,)
        if stage is Stage.CUSTOMER:
            code = view.get(OneTimeCode, self.hash)
            return () if code is None or code.customer is None else (code.customer,)
        return ()

    def living(self, view: View, kind: str, now: datetime) -> tuple[OneTimeCode, Customer] | None:
        """The code of this kind, used or not, with its customer; None if it is unknown or has expired."""
        code = view.get(OneTimeCode, self.hash)
        if code is None or (code.kind, code.channel) != (kind, self.channel) or code.expires_at <= now:
            return None
        customer = None if code.customer is None else view.get(Customer, code.customer)
        return None if customer is None else (code, customer)


class ConfirmSignup(CodeCommand, frozen=True, kw_only=True):
    """Confirm the customer to whom the code was mailed. The result is `CustomerSet`."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an unknown or expired code, and a customer who is confirmed, removed, or has another address."""
        del ids
        found = self.living(view, "signup", now)
        if found is None:
            return refused(SignupCodeInvalid())
        code, customer = found
        if customer.state != "unconfirmed" or code.created_at < customer.secured_at:
            return refused(ConfirmationFailed())
        confirmed = patched(customer, {"state": "confirmed"}, now)
        return Decided(
            CustomerSet(confirmed), Changes((confirmed, msgspec.structs.replace(code, used_at=now)))
        )


def blank_customer(channel: int, before: Customer | None, now: datetime, ids: Ids) -> Customer:
    """A customer of whom nothing is known yet, in the place of one who gives way, if there is one."""
    number = ids.next()
    return Customer(
        id=number if before is None else before.id,
        uuid=ids.uuid() if before is None else before.uuid,
        channel=channel,
        email="",
        email_folded="",
        state="unconfirmed",
        approved=True,
        password_hash=None,
        language=None,
        groups=(),
        address=ContactAddress(),
        delivery_address=DeliveryAddress(),
        info=BuyerInfo(),
        custom={},
        search="",
        created_at=now,
        changed_at=now,
        version=0 if before is None else before.version,
        secured_at=now,
    )


def filled(customer: Customer, fields: dict[str, Any], now: datetime) -> Customer:
    """The customer after a merge patch of its fields, with all that follows from them."""
    after = patched(customer, fields_of(fields), now)
    return msgspec.structs.replace(after, search=search_text(after))
