"""Proof of who one is: tokens of administrators who have logged in, and how often somebody may try in vain."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta

from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures.access import TooManyTries


class AdminToken(Record, frozen=True):
    """What an administrator gets for a password, good until `expires_at`; only its hash is kept.

    `proof` is the password's: a token ends with the password that it was got for.
    """

    hash: bytes
    administrator: int
    created_at: datetime
    expires_at: datetime
    proof: bytes

    @property
    def key(self) -> Hashable:
        """The token's hash."""
        return self.hash


class Tries(Record, frozen=True):
    """How often something was tried since a point in time; `subject` is a hash of what and from where."""

    subject: bytes
    since: datetime
    count: int

    @property
    def key(self) -> Hashable:
        """The subject."""
        return self.subject


class CountTry(Command, frozen=True):
    """So many more, such as one try: refused beyond `limit` within `window`, which starts with the first of them."""

    subject: bytes
    limit: int
    window: timedelta
    amount: int = 1

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The tries so far."""
        del view
        return (self.subject,) if stage is Stage.TRIES else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Count it, or refuse it."""
        del ids
        tries = view.get(Tries, self.subject)
        if tries is None or tries.since + self.window <= now:
            tries = Tries(self.subject, now, 0)
        if tries.count + self.amount > self.limit:
            left = tries.since + self.window - now
            return refused(TooManyTries(max(1, int(left.total_seconds()))))
        return Decided(None, Changes([Tries(self.subject, tries.since, tries.count + self.amount)]))


class ForgetTries(Command, frozen=True):
    """A try was good: those before it no longer count."""

    subject: bytes

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The tries so far."""
        del view
        return (self.subject,) if stage is Stage.TRIES else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Remove the count."""
        del now, ids
        changes, tries = Changes(), view.get(Tries, self.subject)
        if tries is not None:
            changes.remove(tries)
        return Decided(None, changes)


class GrantToken(Command, frozen=True):
    """An administrator has logged in."""

    hash: bytes
    administrator: int
    proof: bytes
    lifetime: timedelta

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Keep the token's hash."""
        del view, ids
        token = AdminToken(self.hash, self.administrator, now, now + self.lifetime, self.proof)
        return Decided(token, Changes([token]))
