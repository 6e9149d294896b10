"""A mapping made ready: paths taken apart once, so that each payload costs a look-up per step.

Values are moved, never converted. Whatever payload comes, the only failure is the mapping's own. What is moved is
shared with the payload, which nobody else may use afterwards, and copied only where another rule writes into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, cast

import msgspec

from entrepot.domain.mapping.definition import Definition, Resource, Rule, list_path
from entrepot.domain.mapping.paths import (
    ABSENT,
    Path,
    as_list,
    as_object,
    copied,
    look,
    put,
    read_path,
    starts_with,
    write_path,
)
from entrepot.domain.mapping.work import Work


class Unmappable(msgspec.Struct, frozen=True):
    """Why a payload cannot be mapped."""

    reason: str


TOO_LARGE: Final = Unmappable("the payload is too large for this mapping")


class Move(msgspec.Struct, frozen=True):
    """One rule: from where to where, and whether another one writes into what it moves.

    `key` and `field` are source and target where these are names at the top level, and nothing more is to be done: that
    is the ordinary case.
    """

    source: Path
    target: Path
    required: bool = False
    written_into: bool = False
    key: str | None = None
    field: str | None = None


class Each(msgspec.Struct, frozen=True):
    """A list of which each element is moved by rules of its own."""

    move: Move
    rules: Rules


class Rules(msgspec.Struct, frozen=True):
    """The rules of one object: a payload, or an element of a list of it."""

    resource: Resource
    moves: tuple[Move, ...]
    back: tuple[Move, ...]
    """The same, shorter sources first, so that longer ones are written over them."""
    consumed: frozenset[str]
    """The names at the top level that rules read, and on the way back write."""
    passing: frozenset[str]
    """The fields that pass as they are."""
    hidden: frozenset[str]
    """The fields that are not shown under their own names."""
    inner: tuple[Path, ...]
    """The places within fields from which rules take values on the way back."""
    lists: tuple[Each, ...] = ()


class Plan:
    """A mapping of one resource, ready to be used any number of times."""

    def __init__(self, definition: Definition, resource: Resource) -> None:
        self.identifier = definition.identifier_field
        self.definition = definition
        lists = tuple(
            Each(
                _move(Rule(each.source.removesuffix("[]"), each.target.removesuffix("[]")), resource),
                _rules(each.field_map, resource.elements[each.target.removesuffix("[]")], ()),
            )
            for each in definition.nested_mappings
        )
        statics = [(read_path(path) or (), value) for path, value in definition.static_values.items()]
        self._statics = tuple(statics)
        self._rules = _rules(definition.field_map, resource, lists, [path for path, _ in statics])

    @property
    def rules(self) -> Rules:
        """The rules of the whole payload."""
        return self._rules

    def inward(self, payload: Any, *, partial: bool) -> dict[str, Any] | Unmappable:
        """The payload in the API's own words; `partial` where it changes a record that is there.

        Then a static value is written only into an object that the payload itself brought.
        """
        if type(payload) is not dict:
            return Unmappable("payload must be an object")
        work = Work()
        mapped = _inward(cast("dict[str, Any]", payload), self._rules, (), work, partial=partial)
        if isinstance(mapped, Unmappable):
            return mapped
        for path, value in self._statics:
            if partial and (len(path) == 1 or type(look(mapped, path[:-1])) is not dict):
                continue
            if (wrong := _write(mapped, path, copied(value))) is not None:
                return wrong
        return mapped

    def outward(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record in the partner's words."""
        return _outward(record, self._rules)

    def element(self, field: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record in the partner's words that stands alone, though in payloads it is an element of `field`."""
        rules = next((each.rules for each in self._rules.lists if each.move.target == (field,)), None)
        return dict(record) if rules is None else _outward(record, rules)

    def name(self, path: Sequence[str | int]) -> str:
        """What the partner calls a field of a payload."""
        return write_path(_named(tuple(path), self._rules))


def _rules(
    rules: Iterable[Rule], resource: Resource, lists: tuple[Each, ...], statics: Sequence[Path] = ()
) -> Rules:
    plain = [_move(rule, resource) for rule in dict.fromkeys(rules)]
    targets = [*(each.target for each in plain), *statics]
    moves = tuple(_copying(each) if _written_into(each.target, targets) else each for each in plain)
    sources = [*(each.source for each in moves), *(each.move.source for each in lists)]
    consumed = {str(each.source[0]) for each in (*moves, *(each.move for each in lists))}
    turned = (
        msgspec.structs.replace(each, written_into=_written_into(each.source, sources)) for each in moves
    )
    back = tuple(sorted(turned, key=lambda each: len(each.source)))
    targets = [*(each.target for each in moves), *(each.move.target for each in lists)]
    hidden = consumed | {str(each[0]) for each in targets if len(each) == 1}
    inner = tuple(each for each in targets if each[0] not in hidden)
    passing = frozenset(resource.fields.keys() - consumed)
    return Rules(resource, moves, back, frozenset(consumed), passing, frozenset(hidden), inner, lists)


def _move(rule: Rule, resource: Resource) -> Move:
    source, target = list_path(rule.source), read_path(rule.target)
    if source is None or target is None:
        raise ValueError(f"a mapping with a wrong path was kept: {rule}")
    required = rule.target in resource.required
    return Move(source, target, required, key=_alone(source), field=_alone(target))


def _copying(move: Move) -> Move:
    return msgspec.structs.replace(move, written_into=True, key=None)


def _alone(path: Path) -> str | None:
    return path[0] if len(path) == 1 and isinstance(path[0], str) else None


def _written_into(target: Path, targets: Sequence[Path]) -> bool:
    return any(len(each) > len(target) and starts_with(each, target) for each in targets)


def _inward(
    payload: dict[str, Any], rules: Rules, within: Path, work: Work, *, partial: bool
) -> dict[str, Any] | Unmappable:
    passing = rules.passing
    mapped = {key: payload[key] for key in payload if key in passing}
    for move in rules.moves:
        value = (
            _value(payload, move, within, work, partial=partial)
            if move.key is None
            else payload.get(move.key, ABSENT)
        )
        if value is ABSENT:
            continue
        if type(value) is Unmappable:
            return value
        if move.field is not None:
            mapped[move.field] = value
        elif (wrong := _write(mapped, move.target, value)) is not None:
            return wrong
    for each in rules.lists:
        value = _list(payload, each, work, partial=partial)
        if isinstance(value, Unmappable):
            return value
        if value is not ABSENT:
            put(mapped, each.move.target, value, force=True)
    return mapped


def _value(payload: dict[str, Any], move: Move, within: Path, work: Work, *, partial: bool) -> Any:
    """What a rule moves: a copy, where another rule writes into it."""
    value = _fetch(payload, move, within, partial=partial)
    if move.written_into and value is not ABSENT and type(value) is not Unmappable:
        value = work.copied(value)
    return TOO_LARGE if work.is_over else value


def _list(payload: dict[str, Any], each: Each, work: Work, *, partial: bool) -> Any:
    source, name = each.move.source, write_path(each.move.source)
    found = _fetch(payload, each.move, (), partial=partial)
    if found is ABSENT or found is None or isinstance(found, Unmappable):
        return found
    if (items := as_list(found)) is None:
        return Unmappable(f"'{name}' must be an array")
    if not work.takes(len(items) * (1 + len(each.rules.moves))):
        return TOO_LARGE
    mapped: list[dict[str, Any]] = []
    for place, given in enumerate(items):
        if (item := as_object(given)) is None:
            return Unmappable(f"'{name}[{place}]' must be an object")
        done = _inward(item, each.rules, (*source, place), work, partial=False)
        if isinstance(done, Unmappable):
            return done
        mapped.append(done)
    return mapped


def _fetch(payload: dict[str, Any], move: Move, within: Path, *, partial: bool) -> Any:
    """What stands at a rule's source; `ABSENT`, or why the payload cannot be mapped."""
    value: Any = payload
    last = len(move.source) - 1
    for place, step in enumerate(move.source):
        if type(step) is str:
            if type(value) is not dict:
                return _misshapen(move, within, place, "object")
            value = cast("dict[str, Any]", value).get(step, ABSENT)
        else:
            if type(value) is not list:
                return _misshapen(move, within, place, "array")
            value = look(value, (step,))
        if value is ABSENT:
            if move.required and not partial and (place < last or type(step) is int):
                return Unmappable(f"source path '{write_path((*within, *move.source))}' not found")
            return ABSENT
    return value


def _misshapen(move: Move, within: Path, place: int, wanted: Literal["object", "array"]) -> Unmappable:
    whole, at = (*within, *move.source), (*within, *move.source[:place])
    return Unmappable(f"source path '{write_path(whole)}': expected {wanted} at '{write_path(at)}'")


def _write(mapped: dict[str, Any], target: Path, value: Any) -> Unmappable | None:
    if len(target) == 1:
        mapped[cast("str", target[0])] = value
        return None
    at = put(mapped, target, value)
    if at is None:
        return None
    return Unmappable(f"target path '{write_path(target)}' conflicts with '{write_path(at)}'")


def _outward(record: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for move in rules.back:
        value = look(record, move.target) if move.field is None else record.get(move.field, ABSENT)
        if value is not ABSENT:
            _show(shown, move, copied(value) if move.written_into else value)
    for each in rules.lists:
        value = (
            look(record, each.move.target) if each.move.field is None else record.get(each.move.field, ABSENT)
        )
        if value is not ABSENT:
            _show(shown, each.move, _elements(value, each.rules))
    hidden = rules.hidden
    rest = {name: record[name] for name in record if name not in hidden}
    for path in rules.inner:
        _take_away(rest, path)
    return shown | rest


def _show(shown: dict[str, Any], move: Move, value: Any) -> None:
    if move.key is None:
        put(shown, move.source, value, force=True)
    else:
        shown[move.key] = value


def _elements(value: Any, rules: Rules) -> Any:
    items = as_list(value)
    if items is None:
        return copied(value)
    return [item if (given := as_object(item)) is None else _outward(given, rules) for item in items]


def _take_away(rest: dict[str, Any], path: Path) -> None:
    """Take a value away from its place within a field, and the objects that are empty without it."""
    name = cast("str", path[0])
    if name in rest and (left := _without(rest[name], path[1:])) is not ABSENT:
        rest[name] = left
    else:
        rest.pop(name, None)


def _without(value: Any, path: Path) -> Any:
    """A value without what stands at a path; `ABSENT` where nothing is left. Lists keep their places."""
    step = path[0]
    items, known = as_list(value), as_object(value)
    if items is not None and isinstance(step, int):
        return _without_item(items, step, path)
    if known is None or not isinstance(step, str) or step not in known:
        return value
    left = dict(known)
    inner = ABSENT if len(path) == 1 else _without(left[step], path[1:])
    if inner is ABSENT:
        del left[step]
    else:
        left[step] = inner
    return left or ABSENT


def _without_item(items: list[Any], step: int, path: Path) -> Any:
    if len(path) == 1 or step >= len(items):
        return items
    inner = _without(items[step], path[1:])
    return [*items[:step], {} if inner is ABSENT else inner, *items[step + 1 :]]


def _named(path: Path, rules: Rules) -> Path:
    for each in rules.lists:
        length = len(each.move.target)
        if starts_with(path, each.move.target):
            rest = path[length:]
            if not rest:
                return each.move.source
            return (*each.move.source, rest[0], *_named(rest[1:], each.rules))
    best: Move | None = None
    for move in rules.moves:
        if starts_with(path, move.target) and (best is None or len(move.target) > len(best.target)):
            best = move
    return path if best is None else (*best.source, *path[len(best.target) :])
