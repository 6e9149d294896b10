"""Where each field of a mapped payload came from, and what became of each field that was sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Final

import msgspec

from entrepot.domain.mapping.paths import ABSENT, Path, as_list, as_object, look, starts_with, write_path
from entrepot.domain.mapping.plan import Move, Plan, Rules, Unmappable

MOST_PLACES: Final = 10_000


class Origin(msgspec.Struct, frozen=True):
    """A field, where it came from, and by which rule; without a source it is a static value."""

    field: str
    source: str | None
    rule: str


class Missing(msgspec.Struct, frozen=True):
    """A source that a payload does not have, and the place that was probably meant."""

    source: str
    meant: str | None


class Explanation(msgspec.Struct, frozen=True):
    """What a mapping makes of a payload, or why it cannot; origins of fields; what was dropped, what was missing."""

    mapped: dict[str, Any] | None
    reason: str | None
    origins: tuple[Origin, ...]
    dropped: tuple[str, ...]
    missing: tuple[Missing, ...]


def explain(plan: Plan, payload: Any, *, partial: bool = False) -> Explanation:
    """The whole story of one payload, of which at most `MOST_PLACES` places are told."""
    places = list(_leaves(payload, ()))[:MOST_PLACES]
    origins, used = _origins(plan, payload)
    known = plan.rules.resource.fields
    passed = [
        Origin(name, name, "passed through")
        for name in as_object(payload) or ()
        if name in known and name not in plan.rules.consumed
    ]
    used += [(each.field,) for each in passed]
    dropped = tuple(write_path(place) for place in places if not any(_covers(each, place) for each in used))
    missing = tuple(missing_sources(plan, payload))
    outcome = plan.inward(payload, partial=partial)
    if isinstance(outcome, Unmappable):
        return Explanation(None, outcome.reason, (), dropped, missing)
    statics = [Origin(path, None, "static value") for path in plan.definition.static_values]
    return Explanation(outcome, None, (*passed, *origins, *statics), dropped, missing)


def missing_sources(plan: Plan, payload: Any) -> Iterator[Missing]:
    """Each source of a rule that the payload lacks; of a list's rules those that no element has."""
    places = [write_path(place) for place in _leaves(payload, ())][:MOST_PLACES]
    for move in (*plan.rules.moves, *(each.move for each in plan.rules.lists)):
        if look(payload, move.source) is ABSENT:
            yield _missing(write_path(move.source), places)
    for each in plan.rules.lists:
        items = as_list(look(payload, each.move.source))
        if items is not None:
            yield from _missing_in(items, each.rules, write_path(each.move.source))


def _missing_in(items: list[Any], rules: Rules, name: str) -> Iterator[Missing]:
    inner = [write_path(place) for item in items[:100] for place in _leaves(item, ())][:MOST_PLACES]
    for move in rules.moves:
        if items and all(look(item, move.source) is ABSENT for item in items):
            found = _missing(write_path(move.source), inner)
            meant = None if found.meant is None else f"{name}[].{found.meant}"
            yield Missing(f"{name}[].{found.source}", meant)


def _missing(source: str, places: Sequence[str]) -> Missing:
    folded = {place.casefold(): place for place in places}
    last = {place.rpartition(".")[2].casefold(): place for place in places}
    close = get_close_matches(source.casefold(), folded, 1, 0.6)
    if close:
        return Missing(source, folded[close[0]])
    close = get_close_matches(source.rpartition(".")[2].casefold(), last, 1, 0.8)
    return Missing(source, last[close[0]] if close else None)


def _origins(plan: Plan, payload: Any) -> tuple[list[Origin], list[Path]]:
    origins: list[Origin] = []
    used: list[Path] = []
    for move in plan.rules.moves:
        if look(payload, move.source) is not ABSENT:
            origins.append(_origin(move, (), ()))
            used.append(move.source)
    for each in plan.rules.lists:
        items = as_list(look(payload, each.move.source))
        for place, item in enumerate(items or ()):
            source, target = (*each.move.source, place), (*each.move.target, place)
            for move in each.rules.moves:
                if look(item, move.source) is not ABSENT:
                    origins.append(_origin(move, source, target))
                    used.append((*source, *move.source))
            for name in as_object(item) or ():
                if name in each.rules.resource.fields and name not in each.rules.consumed:
                    origins.append(
                        Origin(write_path((*target, name)), write_path((*source, name)), "passed through")
                    )
                    used.append((*source, name))
    return origins[:MOST_PLACES], used


def _origin(move: Move, source: Path, target: Path) -> Origin:
    rule = f"{write_path(move.source)} -> {write_path(move.target)}"
    return Origin(write_path((*target, *move.target)), write_path((*source, *move.source)), rule)


def _covers(used: Path, place: Path) -> bool:
    return starts_with(place, used)


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
