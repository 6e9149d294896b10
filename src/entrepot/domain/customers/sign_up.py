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
    """What the commands share that are about an address: they see and lock it."""

    channel: int
    email: str

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The account and the address."""
        del view
        match stage:
            case Stage.CHANNEL:
                return (self.channel,)
            case Stage.REFERENCE:
                return (claim_key(self.channel, self.email),)
            case _:
                return ()

    def is_taken(self, view: View) -> bool:
        """Whether a customer has the address, or gives it up at this moment."""
        return claimant(view, self.channel, self.email) is not None


class SignUp(AddressCommand, frozen=True, kw_only=True):
    """Make an unconfirmed customer, and mail the code that confirms it. The result is `CustomerSet`.

    `fields` are the customer's fields as a merge patch. Others may have signed up with the address too.
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
        """Refuse an address that a customer of the shop has."""
        if self.is_taken(view):
            return refused(CustomerExists())
        made = blank_customer(self.channel, now, ids)
        customer = filled(made, {**self.fields, "password_hash": self.password_hash}, now)
        until, email = now + SIGNUP_LIFETIME, customer.email
        code = OneTimeCode(self.code.hash, "signup", self.channel, customer.id, now, until, None, email)
        channel = channel_of(view, self.channel)
        written = (self.sender, customer.language, self.code.text)
        mail = code_mail(channel, "signup", *written, email, ids.next(), now)
        return Decided(CustomerSet(customer), Changes((customer, code, mail)))


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


class ProvingCommand(CodeCommand, frozen=True, kw_only=True):
    """What the commands share that let a customer go by the address that a code proves.

    `email` is that address as it was seen before, so that it can be locked before the code.
    """

    email: str

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The address too."""
        if stage is Stage.REFERENCE:
            return (claim_key(self.channel, self.email),)
        return super().wants(stage, view)

    def proven(
        self, view: View, kind: str, state: str, now: datetime
    ) -> tuple[OneTimeCode, Customer] | SignupCodeInvalid | ConfirmationFailed:
        """The code and its customer, who is in this state and may go by the address.

        Not with an unknown or expired code, one that was used or outlived, or while somebody else has the address.
        """
        found = self.living(view, kind, now)
        if found is None:
            return SignupCodeInvalid()
        code, customer = found
        spent = code.used_at is not None or code.created_at < customer.secured_at
        if spent or customer.state != state or code.email != self.email:
            return ConfirmationFailed()
        return found if claimant(view, self.channel, self.email) is None else ConfirmationFailed()


class ConfirmSignup(ProvingCommand, frozen=True, kw_only=True):
    """Confirm the customer to whom the code was mailed. The result is `CustomerSet`."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what `proven` does: a customer who is confirmed, removed, or has another address, among others."""
        del ids
        found = self.proven(view, "signup", "unconfirmed", now)
        if not isinstance(found, tuple):
            return refused(found)
        code, customer = found
        confirmed = patched(customer, {"state": "confirmed"}, now)
        used, claim = (
            msgspec.structs.replace(code, used_at=now),
            claim_of(self.channel, self.email, customer.id),
        )
        return Decided(CustomerSet(confirmed), Changes((confirmed, used, claim)))


def blank_customer(channel: int, now: datetime, ids: Ids) -> Customer:
    """A customer of whom nothing is known yet."""
    return Customer(
        id=ids.next(),
        uuid=ids.uuid(),
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
        version=0,
        secured_at=now,
    )


def filled(customer: Customer, fields: dict[str, Any], now: datetime) -> Customer:
    """The customer after a merge patch of its fields, with all that follows from them."""
    after = patched(customer, fields_of(fields), now)
    return msgspec.structs.replace(after, search=search_text(after))
