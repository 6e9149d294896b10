"""Deleting what is over. Each command looks again, under the lock: what was changed meanwhile stays."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import cast

from entrepot.domain.carts.records import Cart, remove_cart, remove_old_files
from entrepot.domain.channels.access_tokens import AccessToken
from entrepot.domain.channels.accounts import Reference
from entrepot.domain.channels.admin_tokens import AdminToken
from entrepot.domain.channels.guessing import Tries
from entrepot.domain.channels.repeats import DoneCommand
from entrepot.domain.customers.email_claims import claim_key, has_lapsed
from entrepot.domain.customers.records import Customer, OneTimeCode, Session
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.placing.attempts import Attempt


class Purge(Command, frozen=True):
    """Delete those of these rows that ended at least `keep` ago. The result is how many."""

    keys: tuple[Hashable, ...]
    keep: timedelta

    @property
    def weight(self) -> int:
        """The rows, and some that hang on them."""
        return 4 * len(self.keys)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Never refused."""
        del ids
        changes = Changes()
        gone = sum(self.remove(key, view, now - self.keep, changes) for key in dict.fromkeys(self.keys))
        return Decided(gone, changes)

    def remove(self, key: Hashable, view: View, before: datetime, changes: Changes) -> bool:
        """Put the removal among the changes, if it ended by then."""
        raise NotImplementedError


class PurgeCarts(Purge, frozen=True):
    """Delete carts that have expired; one that is being placed stays."""

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The carts, with their lines and files, and what was planned to pay them."""
        del view
        return self.keys if stage in {Stage.CART, Stage.PAYMENT} else ()

    def remove(self, key: Hashable, view: View, before: datetime, changes: Changes) -> bool:
        """See `Purge.remove`."""
        cart = view.get(Cart, key)
        if cart is None or cart.expires_at > before or cart.attempt is not None:
            return False
        remove_cart(cart, view, changes)
        return True


class PurgeFiles(Purge, frozen=True):
    """Delete files that came to these carts so long ago, with their lines; in one that is being placed all stays."""

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The carts, with their lines and files."""
        del view
        return self.keys if stage is Stage.CART else ()

    def remove(self, key: Hashable, view: View, before: datetime, changes: Changes) -> bool:
        """See `Purge.remove`."""
        cart = view.get(Cart, key)
        if cart is None or cart.attempt is not None:
            return False
        return remove_old_files(cart, before, view, changes)


class PurgeSessions(Purge, frozen=True):
    """Delete sessions that have expired, with their carts, which nobody can reach any more."""

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The sessions, and their carts with all that hangs on them."""
        if stage is Stage.SESSION:
            return self.keys
        if stage not in {Stage.CART, Stage.PAYMENT}:
            return ()
        sessions = (view.get(Session, key) for key in self.keys)
        carts = [session.cart for session in sessions if session and session.cart is not None]
        return carts if stage is Stage.CART else [cart for cart in carts if view.get(Cart, cart)]

    def remove(self, key: Hashable, view: View, before: datetime, changes: Changes) -> bool:
        """See `Purge.remove`; a session whose cart is being placed stays."""
        session = view.get(Session, key)
        if session is None or session.expires_at > before:
            return False
        cart = None if session.cart is None else view.get(Cart, session.cart)
        if cart is not None and cart.session == session.id:
            if cart.attempt is not None:
                return False
            remove_cart(cart, view, changes)
        changes.remove(session)
        return True


class PurgeCustomers(Purge, frozen=True):
    """Delete customers who were removed, or never confirmed their sign-up: their addresses are free again."""

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The customers, and the claims on their addresses, which move only under their locks."""
        if stage is Stage.CUSTOMER:
            return self.keys
        found = (view.get(Customer, key) for key in self.keys) if stage is Stage.HELD else ()
        return [claim_key(customer.channel, customer.email) for customer in found if customer]

    def remove(self, key: Hashable, view: View, before: datetime, changes: Changes) -> bool:
        """See `Purge.remove`."""
        customer = view.get(Customer, key)
        if customer is None:
            return False
        removed = customer.state == "removed" and customer.changed_at <= before
        if not removed and not has_lapsed(customer, before):
            return False
        claim = view.get(Reference, claim_key(customer.channel, customer.email))
        if claim is not None and claim.target == customer.id:
            changes.remove(claim)
        changes.remove(customer)
        return True


class PurgeEnded(Purge, frozen=True):
    """Delete rows of a kind that says itself when each ended, and on which nothing hangs."""

    kind: type[Record]

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The rows."""
        del view
        if stage is not _STAGE_OF.get(self.kind, Stage.ROW):
            return ()
        return [(self.kind, key) for key in self.keys] if stage is Stage.ROW else self.keys

    def remove(self, key: Hashable, view: View, before: datetime, changes: Changes) -> bool:
        """See `Purge.remove`."""
        row = view.get(self.kind, key)
        ended = None if row is None else _END_OF[self.kind](row)
        if row is None or ended is None or ended > before:
            return False
        changes.remove(row)
        return True


_STAGE_OF: Mapping[type[Record], Stage] = {
    OneTimeCode: Stage.CODE,
    Tries: Stage.TRIES,
    Attempt: Stage.ATTEMPT,
}

_END_OF: Mapping[type[Record], Callable[[Record], datetime | None]] = {
    OneTimeCode: lambda row: cast("OneTimeCode", row).expires_at,
    AccessToken: lambda row: cast("AccessToken", row).expires_at,
    AdminToken: lambda row: cast("AdminToken", row).expires_at,
    Tries: lambda row: cast("Tries", row).since,
    DoneCommand: lambda row: cast("DoneCommand", row).at,
    Attempt: lambda row: cast("Attempt", row).ended_at,
}
