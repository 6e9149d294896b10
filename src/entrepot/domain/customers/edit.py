"""Customers as the shop keeps them: entered by hand, changed, and removed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Any

import msgspec

from entrepot.domain.channels.accounts import Reference
from entrepot.domain.customers.email_claims import claim_key, claim_of, claimant
from entrepot.domain.customers.new_email import NewEmail, ask
from entrepot.domain.customers.records import Customer, Session, proof_of
from entrepot.domain.customers.sign_up import AddressCommand, CustomerSet, blank_customer, filled
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures.accounts import CustomerExists, CustomerUnknown, SessionUnknown


class CreateCustomer(AddressCommand, frozen=True, kw_only=True):
    """Enter a customer, who needs no confirmation. The result is `CustomerSet`.

    `fields` are the customer's fields as a merge patch. Who has only signed up with the address has lost it.
    """

    fields: dict[str, Any]

    @property
    def ids(self) -> int:
        """The customer's."""
        return 1

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse the address of another customer."""
        if self.is_taken(view):
            return refused(CustomerExists())
        made = blank_customer(self.channel, now, ids)
        customer = filled(made, {**self.fields, "state": "confirmed"}, now)
        claim = claim_of(self.channel, self.email, customer.id)
        return Decided(CustomerSet(customer), Changes((customer, claim)))


class KnownCustomer(Command, frozen=True, kw_only=True):
    """What the commands on one customer share."""

    channel: int
    customer: int

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The customer, and the claim on its address, which moves only under the customer's lock."""
        if stage is Stage.CUSTOMER:
            return (self.customer,)
        known = view.get(Customer, self.customer) if stage is Stage.HELD else None
        return () if known is None else (claim_key(known.channel, known.email),)

    def known(self, view: View) -> Customer | CustomerUnknown:
        """The customer, if it is the account's and was not removed."""
        customer = view.get(Customer, self.customer)
        if customer is None or customer.channel != self.channel or customer.state == "removed":
            return CustomerUnknown(str(self.customer))
        return customer


class SetCustomer(KnownCustomer, frozen=True, kw_only=True):
    """Change a customer's fields by a merge patch. The result is `CustomerSet`.

    With a new password the sessions end that were opened by the old one, save `session`: the one in which the
    customer changes itself. With `new_email` another address waits until it is confirmed.
    """

    fields: dict[str, Any]
    session: int | None = None
    new_email: NewEmail | None = None

    @property
    def ids(self) -> int:
        """The mails'."""
        return 0 if self.new_email is None else 2

    @property
    def email(self) -> str | None:
        """The address that it shall go by, if that is to change."""
        return self.fields.get("info", {}).get("email")

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The session and the new address too."""
        if stage is Stage.CHANNEL:
            return () if self.new_email is None else (self.channel,)
        if stage is Stage.SESSION:
            return () if self.session is None else (self.session,)
        if stage is Stage.REFERENCE and self.email is not None:
            return (claim_key(self.channel, self.email),)
        return super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an unknown customer, a session that has ended, and the address of another customer."""
        customer = self.known(view)
        if isinstance(customer, CustomerUnknown):
            return refused(customer)
        session = None if self.session is None else view.get(Session, self.session)
        if self.session is not None and not _is_joined(session, customer):
            return refused(SessionUnknown())
        after = filled(customer, self.fields, now)
        changes = Changes()
        moves = after.email_folded != customer.email_folded
        if moves and claimant(view, self.channel, after.email) is not None:
            return refused(CustomerExists())
        if moves and self.new_email is not None:
            changes.put(*ask(customer, after.email, self.new_email, view, now, ids))
            after = filled(after, {"info": {"email": customer.email}}, now)
        elif moves and customer.state == "confirmed":
            _release(customer, view, changes)
            changes.put(claim_of(self.channel, after.email, after.id))
        if (after.email_folded, after.password_hash) != (customer.email_folded, customer.password_hash):
            after = msgspec.structs.replace(after, secured_at=now)
        changes.put(after)
        if session is not None and after.password_hash != customer.password_hash:
            changes.put(_with_proof(session, after))
        return Decided(CustomerSet(after), changes)


class RemoveCustomer(KnownCustomer, frozen=True, kw_only=True):
    """Remove a customer, whose address is free from then on. The result is `CustomerSet`."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an unknown customer."""
        del ids
        customer = self.known(view)
        if isinstance(customer, CustomerUnknown):
            return refused(customer)
        gone = filled(customer, {"state": "removed"}, now)
        changes = Changes((gone,))
        _release(customer, view, changes)
        return Decided(CustomerSet(gone), changes)


def _is_joined(session: Session | None, customer: Customer) -> bool:
    """Whether the customer is still logged in on the session: another one may have set the password meanwhile."""
    found = None if session is None else (session.customer, session.proof)
    return found == (customer.id, proof_of(customer.password_hash))


def _with_proof(session: Session, customer: Customer) -> Session:
    proof = proof_of(customer.password_hash)
    return msgspec.structs.replace(session, proof=proof, version=session.version + 1)


def _release(customer: Customer, view: View, changes: Changes) -> None:
    claim = view.get(Reference, claim_key(customer.channel, customer.email))
    if claim is not None and claim.target == customer.id:
        changes.remove(claim)
