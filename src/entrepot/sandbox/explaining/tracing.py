"""What a rule looked at before it refused: the rule is run once more, watched.

Rules are pure, so that a second run on the same records comes to the same refusal; and it happens only after one, so
that whoever is not refused pays nothing. Nothing of a rule is said twice: the check that refused is found by what
it returned.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from datetime import datetime
from types import FrameType
from typing import Any, Final, NamedTuple, TypeVar, cast

import structlog

from entrepot.domain.kernel.commands import Command, Decision, Ids, Refused
from entrepot.domain.kernel.records import Record, View
from entrepot.engine.batches.batch import BatchIds, Rule, own_rule
from entrepot.failures import Failure

MOST_TRACES: Final = 1_000
MOST_LOOKS: Final = 500
_PACKAGE: Final = "entrepot."

_log = structlog.stdlib.get_logger("entrepot.sandbox")

R = TypeVar("R", bound=Record)


class Look(NamedTuple):
    """A record that was looked for, None where there was none."""

    kind: type[Record]
    key: Hashable
    record: Record | None


class Check(NamedTuple):
    """The function that first answered with the refusal: where it stands, and what it says of itself."""

    name: str
    line: int
    says: str


class Trace(NamedTuple):
    """How a command was refused: by what, at what time of business, and what the check had looked at.

    Where it had looked at nothing itself, what those around it had.
    """

    command: str
    at: datetime
    check: Check | None
    looks: tuple[Look, ...]


class Traces:
    """The latest refusals of one server's rules, each by the refusal itself."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[Refused, Trace]] = OrderedDict()

    def around(self, rule: Rule = own_rule) -> Rule:
        """The rule, whose refusals are traced."""

        def decide(command: Command, view: View, now: datetime, ids: Ids) -> Decision:
            decision = rule(command, view, now, ids)
            if isinstance(decision, Refused):
                try:
                    self._keep(decision, trace(rule, command, view, now, decision))
                except Exception:  # whoever is refused must not fare worse because somebody watches
                    _log.exception("a refusal could not be traced", command=type(command).__name__)
            return decision

        return decide

    def of(self, refusal: Refused) -> Trace | None:
        """How this very refusal came about; None where it came from no rule, or long ago."""
        found = self._kept.get(id(refusal))
        return None if found is None else found[1]

    def _keep(self, refusal: Refused, traced: Trace) -> None:
        # Kept with its trace, a refusal's id is nobody else's.
        self._kept[id(refusal)] = (refusal, traced)
        if len(self._kept) > MOST_TRACES:
            self._kept.popitem(last=False)


def trace(rule: Rule, command: Command, view: View, now: datetime, refusal: Refused) -> Trace:
    """What a rule looked at on its way to a refusal."""
    seen = _Watched(view)
    watcher = _Watcher(refusal.failures[0], seen.looks)
    before = sys.getprofile()
    sys.setprofile(watcher)
    try:
        rule(command, seen, now, BatchIds(0, command.ids))
    finally:
        sys.setprofile(before)
    # A record may be looked at again, and may have no hash.
    looks = {(each.kind, each.key): each for each in watcher.looks or seen.looks}
    return Trace(type(command).__name__, now, watcher.check, tuple(looks.values())[:MOST_LOOKS])


class _Watched(View):
    """The records of another view, which notes what is looked at."""

    def __init__(self, view: View) -> None:
        super().__init__(view.workspace)
        vars(self).update(vars(view))  # the same records: rules only read
        self.looks: list[Look] = []

    def get(self, kind: type[R], key: Hashable) -> R | None:
        """As the view has it."""
        found = super().get(kind, key)
        self.looks.append(Look(kind, key, found))
        return found

    def children(self, kind: type[R], parent: Hashable) -> list[R]:
        """As the view has them."""
        found = super().children(kind, parent)
        self.looks.extend(Look(kind, each.key, each) for each in found)
        return found


class _Watcher:
    """A profiler that waits for the first function that answers with a failure.

    What that one looked at, or else the nearest around it that looked at anything, is what the failure stands on.
    """

    def __init__(self, failure: Failure, looks: list[Look]) -> None:
        self._failure = failure
        self._all = looks
        self._entered: list[int] = []
        self._depth = 0
        """How many functions around the check have not ended yet."""
        self.check: Check | None = None
        self.looks: list[Look] = []

    def __call__(self, frame: FrameType, event: str, answer: Any) -> None:
        """Note where each function begins, and whether it answers with the failure."""
        if event == "call":
            self._entered.append(len(self._all))
        elif event == "return":
            since = self._entered.pop() if self._entered else 0
            if self.check is None and self._says_it(answer):
                self.check, self._depth = _check(frame), len(self._entered) + 1
            if self.check is not None and not self.looks and len(self._entered) < self._depth:
                self.looks, self._depth = self._all[since:], len(self._entered)

    def _says_it(self, answer: object) -> bool:
        return self._failure in _failures(answer)


def _failures(answer: object) -> Iterable[object]:
    if isinstance(answer, Failure):
        return (answer,)
    if isinstance(answer, Refused):
        return answer.failures
    if type(answer) in (tuple, list):
        return [each for each in cast("list[object]", answer) if isinstance(each, Failure)]
    return ()


def _check(frame: FrameType) -> Check:
    code = frame.f_code
    module = str(frame.f_globals.get("__name__", ""))
    says = code.co_consts[0] if code.co_consts and isinstance(code.co_consts[0], str) else ""
    return Check(
        f"{module.removeprefix(_PACKAGE)}.{code.co_qualname}", frame.f_lineno, says.strip().partition("\n")[0]
    )
