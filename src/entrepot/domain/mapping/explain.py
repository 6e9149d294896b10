"""Where each field of a mapped payload came from, what became of each field that was sent, and what was meant.

Whatever payload and mapping come, the work is bounded: beyond the limits below less is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import chain, islice
from typing import Any, Final

import msgspec

from entrepot.domain.mapping.paths import ABSENT, Path, as_list, as_object, look, write_path
from entrepot.domain.mapping.plan import Each, Move, Plan, Rules, Unmappable

MOST_PLACES: Final = 10_000
"""So many places of a payload are told, and so many origins."""
MOST_COMPARED: Final = 300
"""Among so many places the one is sought that was meant,"""
MOST_GUESSES: Final = 50
"""for so many missing sources;"""
LONGEST_COMPARED: Final = 300
"""a longer name is no slip of anybody's."""
LONGEST_TOLD: Final = 500
"""So many characters of a place are told."""


class Origin(msgspec.Struct, frozen=True):
    """A field, where it came from, and by which rule; without a source it is a static value."""

    field: str
    source: str | None
    rule: str


class Missing(msgspec.Struct, frozen=True):
    """A source that a payload does not have, and the place that was probably meant.

    `required`: the field that it is the source of must be there, and nothing else gives it.
    """

    source: str
    meant: str | None
    required: bool


class Explanation(msgspec.Struct, frozen=True):
    """What a mapping makes of a payload, or why it cannot; origins of fields; what was dropped, what was missing."""

    mapped: dict[str, Any] | None
    reason: str | None
    origins: tuple[Origin, ...]
    dropped: tuple[str, ...]
    missing: tuple[Missing, ...]


def explain(plan: Plan, payload: Any, *, partial: bool = False) -> Explanation:
    """The whole story of one payload."""
    told = list(islice(_origins(plan, payload), MOST_PLACES))
    used = {path for _, path in told}
    whole = len(told) < MOST_PLACES  # else what is dropped and what only was not looked at are not told apart
    dropped = tuple(_text(place) for place in _places(payload) if whole and not _is_used(place, used))
    missing = tuple(missing_sources(plan, payload, partial=partial))
    outcome = plan.inward(payload, partial=partial)
    if isinstance(outcome, Unmappable):
        return Explanation(None, outcome.reason, (), dropped, missing)
    statics = (Origin(path, None, "static value") for path in plan.definition.static_values)
    return Explanation(outcome, None, (*(origin for origin, _ in told), *statics), dropped, missing)


def missing_sources(plan: Plan, payload: Any, *, partial: bool = False) -> Iterator[Missing]:
    """Each source of a rule that the payload lacks.

    Of a list's rules those that no element has, and of required ones the first element that lacks it.
    """
    needed = _Needed(plan, partial=partial)
    guess = _Guess()
    moves = (*plan.rules.moves, *(each.move for each in plan.rules.lists))
    for move in moves:
        if look(payload, move.source) is ABSENT:
            meant = guess.of(move.source, (payload,), moves)
            yield Missing(write_path(move.source), meant, needed.at_the_top(move, payload))
    for each in plan.rules.lists:
        items = as_list(look(payload, each.move.source)) or []
        yield from _missing_in(items[:MOST_PLACES], each, needed, guess)


def _missing_in(items: list[Any], each: Each, needed: _Needed, guess: _Guess) -> Iterator[Missing]:
    name = write_path(each.move.source)
    for move in each.rules.moves:
        lacking = [place for place, item in enumerate(items) if look(item, move.source) is ABSENT]
        required = bool(lacking) and needed.in_a_list(move, items[lacking[0]], each.rules)
        if not lacking or (len(lacking) < len(items) and not required):
            continue
        at = "" if len(lacking) == len(items) else str(lacking[0])
        first = items if at == "" else items[lacking[0] : lacking[0] + 1]
        meant = guess.of(move.source, first, each.rules.moves)
        whole = None if meant is None else f"{name}[{at}].{meant}"
        yield Missing(f"{name}[{at}].{write_path(move.source)}", whole, required)


class _Needed:
    """Which sources must be there: those of required fields that nothing else gives."""

    def __init__(self, plan: Plan, *, partial: bool) -> None:
        self._partial = partial
        self._statics = plan.definition.static_values
        self._passing = plan.rules.passing

    def at_the_top(self, move: Move, payload: Any) -> bool:
        """Whether the payload itself must have it; a change of a record needs nothing."""
        if self._partial or not move.required or write_path(move.target) in self._statics:
            return False
        return not _passes(move, payload, self._passing)

    def in_a_list(self, move: Move, item: Any, rules: Rules) -> bool:
        """Whether this element of a list must have it."""
        return move.required and not _passes(move, item, rules.passing)


def _passes(move: Move, payload: Any, passing: frozenset[str]) -> bool:
    return move.field in passing and move.field in (as_object(payload) or ())


class _Guess:
    """Which place was probably meant by a source that is missing."""

    def __init__(self) -> None:
        self._left = MOST_GUESSES

    def of(self, source: Path, within: Sequence[Any], moves: Sequence[Move]) -> str | None:
        """The place, as it stands in one of these, whose name is nearest; none that a rule reads."""
        self._left -= 1
        if self._left < 0:
            return None
        wanted, taken = write_path(source), {each.source for each in moves}
        places = _names(within, taken)
        folded = {place.casefold(): place for place in places}
        if close := get_close_matches(wanted.casefold(), folded, 1, 0.6):
            return folded[close[0]]
        last = {_last(place): place for place in places}
        close = get_close_matches(_last(wanted), last, 1, 0.8)
        return last[close[0]] if close else None


def _names(within: Sequence[Any], taken: set[Path]) -> list[str]:
    """The places of these values that are not taken, each name once."""
    places = chain.from_iterable(_leaves(each, ()) for each in within)
    fitting = (
        place
        for place in islice(places, 4 * MOST_COMPARED)
        if place not in taken and sum(len(str(step)) for step in place) <= LONGEST_COMPARED
    )
    return list(islice(dict.fromkeys(map(write_path, fitting)), MOST_COMPARED))


def _last(place: str) -> str:
    return place.rpartition(".")[2].casefold()


def _origins(plan: Plan, payload: Any) -> Iterator[tuple[Origin, Path]]:
    """Each field's origin, and the place that it takes."""
    yield from _passed(payload, plan.rules, (), ())
    for move in plan.rules.moves:
        if look(payload, move.source) is not ABSENT:
            yield _origin(move, (), ()), move.source
    for each in plan.rules.lists:
        for place, item in enumerate(as_list(look(payload, each.move.source)) or ()):
            source, target = (*each.move.source, place), (*each.move.target, place)
            for move in each.rules.moves:
                if look(item, move.source) is not ABSENT:
                    yield _origin(move, source, target), (*source, *move.source)
            yield from _passed(item, each.rules, source, target)


def _passed(value: Any, rules: Rules, source: Path, target: Path) -> Iterator[tuple[Origin, Path]]:
    for name in as_object(value) or ():
        if name in rules.passing:
            place = (*source, name)
            yield Origin(_text((*target, name)), _text(place), "passed through"), place


def _origin(move: Move, source: Path, target: Path) -> Origin:
    rule = f"{write_path(move.source)} -> {write_path(move.target)}"
    return Origin(_text((*target, *move.target)), _text((*source, *move.source)), rule)


def _is_used(place: Path, used: set[Path]) -> bool:
    """Whether a rule takes what stands there, or something that it lies in."""
    return any(place[:length] in used for length in range(1, len(place) + 1))


def _places(payload: Any) -> Iterator[Path]:
    return islice(_leaves(payload, ()), MOST_PLACES)


def _text(place: Path) -> str:
    """The place's name, of which partners' own keys may be long."""
    steps = (step[:LONGEST_TOLD] if isinstance(step, str) else step for step in place)
    return write_path(tuple(steps))[:LONGEST_TOLD]


def _leaves(value: Any, path: Path) -> Iterator[Path]:
    """The places of values that hold nothing, in order."""
    if known := as_object(value):
        for key, inner in known.items():
            yield from _leaves(inner, (*path, key))
    elif items := as_list(value):
        for index, inner in enumerate(items):
            yield from _leaves(inner, (*path, index))
    elif path:
        yield path
