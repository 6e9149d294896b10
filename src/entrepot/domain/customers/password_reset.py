"""A new password for who has forgotten the old one: a code is mailed, and whoever brings it sets the password."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta

import msgspec

from entrepot.domain.channels.accounts import channel_of
from entrepot.domain.channels.edit_rows import patched
from entrepot.domain.customers.email_claims import claimant, holder
from entrepot.domain.customers.mails import Sender, code_mail
from entrepot.domain.customers.records import OneTimeCode
from entrepot.domain.customers.sign_up import AddressCommand, CodeCommand, CustomerSet, NewCode
from entrepot.domain.kernel.commands import Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures.accounts import ResetCodeInvalid

RESET_LIFETIME = timedelta(hours=1)
"""How long a code for a new password is good (decision textalk item 37)."""


class RequestReset(AddressCommand, frozen=True, kw_only=True):
    """Mail a code for a new password to a confirmed customer. The result is None.

    For an address that is nobody's the same rows are written, a code of nobody and a mail to nobody: neither the
    answer nor the time that it takes tells who is a customer.
    """

    code: NewCode
    sender: Sender

    @property
    def ids(self) -> int:
        """The mail's."""
        return 1

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The customer who goes by the address, too."""
        if stage is not Stage.CUSTOMER:
            return super().wants(stage, view)
        number = claimant(view, self.channel, self.email)
        return () if number is None else (number,)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Never refused."""
        customer = holder(view, self.channel, self.email)
        number, language, to = (
            (customer.id, customer.language, customer.email) if customer else (None, None, "")
        )
        code = OneTimeCode(self.code.hash, "reset", self.channel, number, now, now + RESET_LIFETIME, None)
        channel = channel_of(view, self.channel)
        mail = code_mail(channel, "reset", self.sender, language, self.code.text, to, ids.next(), now)
        return Decided(None, Changes((code, mail)))


class ResetPassword(CodeCommand, frozen=True, kw_only=True):
    """Set the password of the customer to whom the code was mailed. The result is `CustomerSet`."""

    password_hash: str

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse a code that is unknown, expired, used, or older than the customer's password or address."""
        del ids
        found = self.living(view, "reset", now)
        if found is None:
            return refused(ResetCodeInvalid())
        code, customer = found
        spent = code.used_at is not None or code.created_at < customer.secured_at
        if spent or customer.state != "confirmed":
            return refused(ResetCodeInvalid())
        after = patched(customer, {"password_hash": self.password_hash, "secured_at": now}, now)
        return Decided(CustomerSet(after), Changes((after, msgspec.structs.replace(code, used_at=now))))
