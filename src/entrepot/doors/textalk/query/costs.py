"""What a query costs, told before it runs: about how many rows it reads, on all its levels.

What it really came to is charged afterwards. A list without a limit is as long as the last one of its kind was, which
is forgotten before it takes much memory.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, TypeAlias

from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.query.projection import Cut, Expand, Keys, Projection
from entrepot.doors.textalk.query.selection import MAX_ROWS, Selection

ASSUMED: Final = 1_000
"""So many rows a list without a limit is believed to have while nothing is known of its kind."""
MOST_REMEMBERED: Final = 10_000

_Kind: TypeAlias = tuple[int, str, str, int]
_lengths: OrderedDict[_Kind, int] = OrderedDict()


def cost_of_one(projection: Projection, context: Context) -> int:
    """The rows of one object: one for each level, or as many as the last one came to that had as many levels."""
    levels = _levels(projection)
    return max(levels, _lengths.get(_kind(projection, context, levels), 0))


def _levels(projection: Projection) -> int:
    return 1 + sum(_levels(below) for below in _below(projection))


def cost_of_list(projection: Projection, context: Context, selection: Selection) -> int:
    """The rows of a list: as many on each level as it has objects."""
    known = _lengths.get(_kind(projection, context, bool(selection.filters)))
    most = MAX_ROWS if selection.limit is None else min(selection.limit, MAX_ROWS)
    if known is not None:
        most = min(most, known)
    elif selection.limit is None:
        most = ASSUMED
    return max(1, most) * _levels(projection)


def learn(projection: Projection, context: Context, selection: Selection, length: int) -> None:
    """Note how long a list was that had no limit."""
    if selection.limit is not None or selection.offset:
        return
    _remember(_kind(projection, context, bool(selection.filters)), length)


def learn_of_one(projection: Projection, context: Context, rows: int) -> None:
    """Note what one object came to with all that it holds."""
    _remember(_kind(projection, context, _levels(projection)), rows)


def _remember(kind: _Kind, length: int) -> None:
    _lengths[kind] = length
    _lengths.move_to_end(kind)
    if len(_lengths) > MOST_REMEMBERED:
        _lengths.popitem(last=False)


def _kind(projection: Projection, context: Context, what: bool | int) -> _Kind:
    """A list with filters or without, or one object with so many levels."""
    tenant = context.webshop.workspace if context.webshop else 0
    return tenant, projection.decl.name, type(what).__name__, what


def _below(projection: Projection) -> Iterator[Projection]:
    """The levels that begin at this one."""
    for pick in projection.picks:
        yield from _expanded(pick.cut)


def _expanded(cut: Cut) -> Iterator[Projection]:
    if isinstance(cut, Expand):
        yield cut.projection
    elif isinstance(cut, Keys):
        for inner in cut.keys.values():
            yield from _expanded(inner)
