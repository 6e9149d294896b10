"""A return on its way: the carrier has it, the returns centre has it, or the buyer keeps it after all."""

from __future__ import annotations

from typing import Literal

from entrepot.domain.fulfilment.returns.label import void_label
from entrepot.domain.fulfilment.returns.work import ReturnCommand, Returning, Told
from entrepot.domain.kernel.commands import Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.orders import line_counts as counts
from entrepot.failures import Failure
from entrepot.failures.fulfilment import ReturnNotCancellable


class AdvanceReturn(ReturnCommand, frozen=True, kw_only=True):
    """Units go a step further: `in_transit`, or `at_center`. The result is `ReturnState`.

    Units that are as far already stay where they are, so what is told twice or too late changes nothing.
    """

    stage: Literal["in_transit", "at_center"]

    def act(self, work: Returning, told: Told, view: View, ids: Ids) -> Decision:
        """Refuses more units of a line than can go that way."""
        del view, ids
        before = ("initiated",) if self.stage == "in_transit" else ("in_transit", "initiated")
        wanted = work.wanted(self.lines, lambda line: sum(getattr(line, stage) for stage in before))
        if isinstance(wanted, Failure):
            return refused(wanted)
        if not wanted:
            return Decided(work.state(), Changes())
        for no, quantity in wanted.items():
            work.take(no, quantity, *before, to=self.stage)
        return work.finished(self.stage, told, lines=counts.listed(wanted))


class CancelReturn(ReturnCommand, frozen=True, kw_only=True):
    """What is still with the buyer stays there. The result is `ReturnState`.

    Where nothing comes back any more, the outbox has the label voided.
    """

    def act(self, work: Returning, told: Told, view: View, ids: Ids) -> Decision:
        """Refuses a return of which nothing is with the buyer, and more units of a line than are."""
        del view, ids
        wanted = work.wanted(self.lines, lambda line: line.initiated)
        if isinstance(wanted, Failure):
            return refused(wanted)
        if not wanted:
            return refused(ReturnNotCancellable(str(self.return_id)))
        for no, quantity in wanted.items():
            work.take(no, quantity, "initiated", to="cancelled")
            line = work.of_order[work.lines[no].line]
            work.put_order_line(counts.send_back(line, -quantity))
        void_label(work)
        return work.finished("cancelled", told, lines=counts.listed(wanted))
