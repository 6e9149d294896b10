"""What a query costs, told before it runs: about how many rows it reads, on all its levels.

What it really came to is charged afterwards. A list without a limit is as long as the last one of its kind was, which
is forgotten before it takes much memory.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.query.projection import Cut, Expand, Keys, Projection
from entrepot.doors.textalk.query.selection import MAX_ROWS, Selection

ASSUMED: Final = 1_000
"""So many rows a list without a limit is believed to have while nothing is known of its kind."""
MOST_REMEMBERED: Final = 10_000

_lengths: OrderedDict[tuple[int, str, bool], int] = OrderedDict()


def cost_of_one(projection: Projection) -> int:
    """The rows of one object: one for each level."""
    return 1 + sum(cost_of_one(below) for below in _below(projection))


def cost_of_list(projection: Projection, context: Context, selection: Selection) -> int:
    """The rows of a list: as many on each level as it has objects."""
    known = _lengths.get(_kind(projection, context, selection))
    most = MAX_ROWS if selection.limit is None else min(selection.limit, MAX_ROWS)
    if known is not None:
        most = min(most, known)
    elif selection.limit is None:
        most = ASSUMED
    return max(1, most) * cost_of_one(projection)


def learn(projection: Projection, context: Context, selection: Selection, length: int) -> None:
    """Note how long a list was that had no limit."""
    if selection.limit is not None or selection.offset:
        return
    kind = _kind(projection, context, selection)
    _lengths[kind] = length
    _lengths.move_to_end(kind)
    if len(_lengths) > MOST_REMEMBERED:
        _lengths.popitem(last=False)


def _kind(projection: Projection, context: Context, selection: Selection) -> tuple[int, str, bool]:
    tenant = context.webshop.workspace if context.webshop else 0
    return tenant, projection.decl.name, bool(selection.filters)


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
