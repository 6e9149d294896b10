"""By which name buyers find a code: discounts and gift certificates of a shop share one namespace.

They are typed into the same field, so case and blanks make no difference. The name is claimed in the workspace's
references, so that of two who give it at once one is first. It moves only under the lock of the record that has it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime

import msgspec

from entrepot.domain.channels.accounts import Reference
from entrepot.domain.channels.edit_rows import EditRows, Put, Remove
from entrepot.domain.kernel.commands import Decision, Ids, Refused, refused
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.kernel.text import fold
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.pricing.gift_certificates import Certificate, revalued
from entrepot.failures.rows import AlreadySpent, NameTaken

_KIND = "code"
_STAGES = {Stage.DISCOUNT: Discount, Stage.CERTIFICATE: Certificate}
Coded = Discount | Certificate


def code_name(code: str) -> str:
    """The code in one case, without blanks."""
    return "".join(fold(code).split())


def claim_of(channel: int, code: str, record: int) -> Reference:
    """The name as this discount's or certificate's."""
    return Reference(channel, "live", _KIND, code_name(code), record)


def claim_key(channel: int, code: str) -> Hashable:
    """The key of a code's name among the names that are taken."""
    return claim_of(channel, code, 0).key


def claimants(view: View, channel: int, code: str) -> tuple[int, ...]:
    """The id under which the code was last seen, before its record was locked: a discount's or a certificate's."""
    claim = view.get(Reference, claim_key(channel, code))
    return () if claim is None else (claim.target,)


def coded(view: View, channel: int, code: str) -> Coded | None:
    """The discount or certificate of that name. Needs its claim and its record in the view."""
    for number in claimants(view, channel, code):
        for kind in (Discount, Certificate):
            record = view.get(kind, number)
            if record and (record.channel, code_name(record.code)) == (channel, code_name(code)):
                return record
    return None


class EditCodes(EditRows, frozen=True):
    """Edits of discounts and certificates: their codes are kept without blanks around them, and each name once."""

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The channel, the records under the locks that buying takes too, and the names that they have and get."""
        if stage in _STAGES:
            return [edit.key for edit in self.edits if edit.kind is _STAGES[stage] and edit.key is not None]
        if stage is Stage.HELD:
            return [claim_key(self.channel, code) for code in self._codes(view)]
        return () if stage is Stage.ROW else super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what every edit of rows refuses, what does not go with what was spent, and another code's name."""
        edits = [_adjusted(edit, view) for edit in self.edits]
        if wrong := next((edit for edit in edits if isinstance(edit, AlreadySpent)), None):
            return refused(wrong)
        adjusted = tuple(edit for edit in edits if not isinstance(edit, AlreadySpent))
        decision = EditRows.decide(msgspec.structs.replace(self, edits=adjusted), view, now, ids)
        if isinstance(decision, Refused):
            return decision
        edited = [(view.get(kind, key), after) for (kind, key), after in decision.changes.items()]
        for before, after in edited:
            if not _renamed(before, after, view, decision.changes):
                return refused(NameTaken())
        return decision

    def _codes(self, view: View) -> Iterator[str]:
        for edit in self.edits:
            standing = view.get(edit.kind, edit.key) if edit.key is not None else None
            if isinstance(standing, Discount | Certificate):
                yield standing.code
            if isinstance(edit, Put) and isinstance(code := edit.changes.get("code"), str):
                yield code


def _adjusted(edit: Put | Remove, view: View) -> Put | Remove | AlreadySpent:
    """The edit with the values that move along, or why it cannot be."""
    if isinstance(edit, Remove):
        return edit
    before = None if edit.key is None else view.get(edit.kind, edit.key)
    if edit.kind is Discount:
        return _with_uses(edit, before.used if isinstance(before, Discount) else 0)
    original, balance = edit.changes.get("original"), edit.changes.get("balance")
    if original is None and balance is None:
        return edit
    spent = before.original - before.balance if isinstance(before, Certificate) else 0
    values = revalued(spent, original, balance)
    if isinstance(values, str):
        return AlreadySpent(values)
    moved = {"original": values[0], "balance": values[1]}
    return msgspec.structs.replace(edit, changes={**edit.changes, **moved})


def _with_uses(edit: Put, used: int) -> Put | AlreadySpent:
    most = edit.changes.get("max_uses")
    return edit if most is None or most >= used else AlreadySpent("max_uses")


def _renamed(before: Record | None, after: Record | None, view: View, changes: Changes) -> bool:
    """Move the name along with the record; False where it gets one that is another's, or none at all."""
    old = _claim(before) if isinstance(before, Discount | Certificate) else None
    new = None
    if isinstance(after, Discount | Certificate):
        after = msgspec.structs.replace(after, code=after.code.strip())
        changes.put(after)
        new = _claim(after)
    if old is not None and (new is None or old.key != new.key) and view.get(Reference, old.key) == old:
        changes.remove(old)
    standing = None if new is None else view.get(Reference, new.key)
    if new is None or standing == new:
        return True
    if standing is None and new.value:
        changes.put(new)
        return True
    return old is not None and old.key == new.key


def _claim(record: Coded) -> Reference:
    return claim_of(record.channel, record.code, record.id)
