"""Logging in: a session becomes that of a customer who has proved to know the password."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime

from entrepot.domain.customers.records import Customer
from entrepot.domain.kernel.commands import Decision, Ids, refused
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.sessions.sessions import SessionCommand
from entrepot.failures import Failure
from entrepot.failures.accounts import LoginFailed


class LogIn(SessionCommand, frozen=True, kw_only=True):
    """Join a customer to a session and its cart. The result is `SessionSet`.

    `password_hash` is the one that the given password was found to fit; whoever has set another one since is refused.
    """

    customer: int
    password_hash: str

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The customer too."""
        return (self.customer,) if stage is Stage.CUSTOMER else super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse a customer who may not log in, an unknown session, or a cart that is being placed."""
        del ids
        session = self.standing(view, now)
        if isinstance(session, Failure):
            return refused(session)
        customer = view.get(Customer, self.customer)
        if customer is None or not _may_log_in(customer, self.channel, self.password_hash):
            return refused(LoginFailed())
        return self.joined(session, customer, view, now)


def _may_log_in(customer: Customer, channel: int, password_hash: str) -> bool:
    right = (customer.channel, customer.state, customer.password_hash) == (
        channel,
        "confirmed",
        password_hash,
    )
    return right and customer.approved
