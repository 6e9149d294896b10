"""A new e-mail address of a customer, who asks for it herself: it counts once it is confirmed by a code mailed there.

Until then the old one is hers, and the new one nobody's: whoever owns it can sign up with it. Of several who want one
address the first who confirms it has it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime

import msgspec

from entrepot.domain.channels.accounts import Reference, channel_of
from entrepot.domain.customers.email_claims import SIGNUP_LIFETIME, claim_key, claim_of
from entrepot.domain.customers.mails import Sender, code_mail
from entrepot.domain.customers.records import Customer, OneTimeCode
from entrepot.domain.customers.sign_up import CustomerSet, NewCode, ProvingCommand, filled
from entrepot.domain.kernel.commands import Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage


class NewEmail(msgspec.Struct, frozen=True):
    """What it takes to have a new address confirmed: the code to be mailed, and who mails it."""

    code: NewCode
    sender: Sender


def ask(customer: Customer, email: str, asked: NewEmail, view: View, now: datetime, ids: Ids) -> list[Record]:
    """The code that proves a new address, the mail that brings it there, and the one that tells the old address."""
    channel = channel_of(view, customer.channel)
    until = now + SIGNUP_LIFETIME
    code = OneTimeCode(asked.code.hash, "email", customer.channel, customer.id, now, until, None, email)
    says = (asked.sender, customer.language)
    proof = code_mail(channel, "email", *says, asked.code.text, email, ids.next(), now)
    told = code_mail(channel, "email-asked", *says, email, customer.email, ids.next(), now)
    return [code, proof, told]


class ConfirmEmail(ProvingCommand, frozen=True, kw_only=True):
    """Let the customer go by the address that the code proves. The result is `CustomerSet`.

    The old address is told, and free from then on.
    """

    sender: Sender

    @property
    def ids(self) -> int:
        """The mail's."""
        return 1

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The account and the old address too."""
        match stage:
            case Stage.CHANNEL:
                return (self.channel,)
            case Stage.HELD:
                code = view.get(OneTimeCode, self.hash)
                customer = None if code is None else view.get(Customer, code.customer)
                return () if customer is None else (claim_key(customer.channel, customer.email),)
            case _:
                return super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what `proven` does."""
        found = self.proven(view, "email", "confirmed", now)
        if not isinstance(found, tuple):
            return refused(found)
        code, customer = found
        changes = Changes((msgspec.structs.replace(code, used_at=now),))
        old = view.get(Reference, claim_key(customer.channel, customer.email))
        if old is not None and old.target == customer.id:
            changes.remove(old)
        after = filled(customer, {"info": {"email": self.email}}, now)
        after = msgspec.structs.replace(after, secured_at=now)
        says = (self.sender, customer.language)
        channel = channel_of(view, self.channel)
        told = code_mail(channel, "email-changed", *says, self.email, customer.email, ids.next(), now)
        changes.put(after, claim_of(self.channel, self.email, after.id), told)
        return Decided(CustomerSet(after), changes)
