"""How often somebody may try what could be guessed: passwords, codes, clients' secrets; and ask for mails.

A try is counted before it is made, so that many at once are many; where many good ones at once are the rule, only those
that failed are, and a good one is asked whether it comes too late. Counts go by what was typed and from where, never by
what there is, so that they tell nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta

import msgspec

from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures.access import TooManyTries


class Tries(Record, frozen=True):
    """How often something was tried since a point in time; `subject` is a hash of what and from where."""

    subject: bytes
    since: datetime
    count: int

    @property
    def key(self) -> Hashable:
        """The subject."""
        return self.subject


class Allowance(msgspec.Struct, frozen=True):
    """How many tries of a subject there are within a window, which starts with the first of them.

    `careful` is how many there are while the target is tried from many places at once (None: as many). A good try of a
    subject that is `proven` by it forgets those before; of others it is as if it had not been.
    """

    subject: bytes
    most: int
    window: timedelta
    careful: int | None = None
    proven: bool = False

    def tries(self, view: View, now: datetime) -> Tries:
        """The tries that count now; a window that seems to begin later was counted by a clock that was set back."""
        found = view.get(Tries, self.subject)
        if found is None or not found.since <= now < found.since + self.window:
            return Tries(self.subject, now, 0)
        return found

    def limit(self, *, besieged: bool) -> int:
        """How many tries there are."""
        return self.most if self.careful is None or not besieged else self.careful


class GuessCommand(Command, frozen=True, kw_only=True):
    """A try, as it is limited.

    `watched` counts those of the target from everywhere; it makes others careful, and never refuses by itself.
    """

    allowances: tuple[Allowance, ...]
    watched: Allowance | None = None

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The tries so far."""
        del view
        return [each.subject for each in self.counted] if stage is Stage.TRIES else ()

    @property
    def counted(self) -> tuple[Allowance, ...]:
        """All that the try counts for."""
        return self.allowances if self.watched is None else (*self.allowances, self.watched)

    def used_up(self, view: View, now: datetime, amount: int = 1) -> TooManyTries | None:
        """Whether so many tries are more than are left, with the seconds until the last of those begins anew."""
        besieged = self.watched is not None and self.watched.tries(view, now).count >= self.watched.most
        ends = [
            each.tries(view, now).since + each.window
            for each in self.allowances
            if each.tries(view, now).count + amount > each.limit(besieged=besieged)
        ]
        return TooManyTries(max(1, int((max(ends) - now).total_seconds()))) if ends else None


def subject_of(*names: str) -> bytes:
    """By what tries are counted: a hash, so that nothing which was typed is kept."""
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).digest()


class CountTry(GuessCommand, frozen=True):
    """One more try, or so much more at once: refused, and not counted, where one of its allowances does not last."""

    amount: int = 1

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Count it, or refuse it until the last of those that are used up begins anew."""
        del ids
        over = self.used_up(view, now, self.amount)
        if over is not None:
            return refused(over)
        counted = (each.tries(view, now) for each in self.counted)
        more = [msgspec.structs.replace(tries, count=tries.count + self.amount) for tries in counted]
        return Decided(None, Changes(more))


class TakeBack(GuessCommand, frozen=True):
    """The try was good: it does not count, and those before it of what it proved no longer do."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Count one less."""
        del ids
        changes = Changes()
        for each in self.counted:
            tries = each.tries(view, now)
            if view.get(Tries, each.subject) is None:
                continue
            if each.proven or tries.count <= 1:
                changes.remove(tries)
            else:
                changes.put(msgspec.structs.replace(tries, count=tries.count - 1))
        return Decided(None, changes)


class AdmitGood(GuessCommand, frozen=True):
    """A good try that was not counted before: refused where those that failed left none, so that it tells nothing."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse it, or forget the tries before it of what it proved."""
        del ids
        over = self.used_up(view, now)
        if over is not None:
            return refused(over)
        changes = Changes()
        for each in self.allowances:
            found = view.get(Tries, each.subject)
            if each.proven and found is not None:
                changes.remove(found)
        return Decided(None, changes)
