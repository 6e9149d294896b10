"""Groups of products form a tree: none stands below itself."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime

from entrepot.domain.catalogue.options import ProductGroup
from entrepot.domain.channels.edit_rows import EditRows, Put
from entrepot.domain.kernel.commands import Decision, Ids, Refused, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures.rows import BelowItself

PARENT = "parent_group"


class EditGroups(EditRows, frozen=True):
    """Edits of groups. Who moves one holds all of them, so that two moves at once make no circle."""

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The rows; and all groups where one that may have others below it gets a parent."""
        if stage is not Stage.GROUP:
            return super().wants(stage, view)
        moves = any(
            isinstance(edit, Put) and edit.key is not None and edit.changes.get(PARENT) is not None
            for edit in self.edits
        )
        return (True,) if moves else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse what every edit of rows refuses, and a group below itself."""
        decision = super().decide(view, now, ids)
        if isinstance(decision, Refused):
            return decision
        moved = decision.changes.records(ProductGroup)
        if any(_is_below_itself(group, view, decision.changes) for group in moved):
            return refused(BelowItself())
        return decision


def _is_below_itself(group: ProductGroup, view: View, changes: Changes) -> bool:
    """Whether the way up leads back to the group. A circle that it does not stand in is none of its making."""
    after = {each.id: each for each in changes.records(ProductGroup)}
    above, seen = group.parent_group, set[int]()
    while above is not None and above != group.id and above not in seen:
        seen.add(above)
        parent = after.get(above) or view.get(ProductGroup, above)
        above = parent.parent_group if parent else None
    return above == group.id
