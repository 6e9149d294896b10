"""Which objects a list holds, in what order, and how many (decision textalk selections, item 23)."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Final

import msgspec

from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare.declaration import ClassDecl, Field
from entrepot.doors.textalk.query.filters import Filters, read_filters
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError, invalid_params
from entrepot.doors.textalk.wire.json import Json, escape, is_array, is_object
from entrepot.doors.textalk.wire.sentences import say

MAX_ROWS: Final = 100_000
_MEMBERS: Final = frozenset({"filters", "sort", "descending", "limit", "offset"})
_MAX_OFFSET: Final = 2**53


class Selection(msgspec.Struct, frozen=True):
    """A checked selection; without a sort key the order is that of the uids, which also break ties."""

    filters: Filters = ()
    sort: Field | None = None
    descending: bool = False
    limit: int | None = None
    offset: int = 0


def too_many_rows(pointer: str = "/1/limit") -> RpcError:
    """-32602: a list is never cut silently."""
    return invalid_params([Problem(pointer, say("selection.rows", limit=MAX_ROWS))])


def read_selection(
    raw: Json, decl: ClassDecl, audience: Audience, pointer: str = "/1", *, zone: tzinfo = UTC
) -> Selection | RpcError:
    """The selection at `pointer` in the parameters; `true`, null, `{}` and `[]` select everything.

    -32602 with every fault by pointer; 1006 for filtering or sorting by what the caller may not read.
    """
    if raw is None or raw is True or (is_array(raw) and not raw):
        return Selection()
    if not is_object(raw):
        return invalid_params([Problem(pointer, say("selection.shape"))])
    filters = read_filters(raw.get("filters"), decl, audience, f"{pointer}/filters", zone)
    problems = [problem.under(*pointer.split("/")[1:]) for problem in _faults(raw, decl)]
    if isinstance(filters, RpcError) and isinstance(filters.data, tuple):
        problems += filters.data
    if problems:
        return invalid_params(problems)
    sort = _sort(raw, decl)
    if isinstance(filters, RpcError) or (sort is not None and sort.read > audience):
        return RpcError(Code.FORBIDDEN)
    return Selection(
        filters,
        sort,
        bool(raw.get("descending")),
        _natural(raw.get("limit")),
        _natural(raw.get("offset")) or 0,
    )


def _faults(raw: Mapping[str, Json], decl: ClassDecl) -> list[Problem]:
    found = [Problem(f"/{escape(key)}", say("selection.unknown")) for key in raw if key not in _MEMBERS]
    if raw.get("sort") is not None and _sort(raw, decl) is None:
        found.append(Problem("/sort", say("selection.sort")))
    if not isinstance(raw.get("descending"), bool | None):
        found.append(Problem("/descending", say("selection.boolean")))
    for name in ("limit", "offset"):
        if raw.get(name) is not None and _natural(raw[name]) is None:
            found.append(Problem(f"/{name}", say("selection.natural")))
    return found


def _sort(raw: Mapping[str, Json], decl: ClassDecl) -> Field | None:
    """The property to sort by; a leading slash, as in filters, is allowed."""
    name = raw.get("sort")
    field = decl.by_name.get(name.removeprefix("/")) if isinstance(name, str) else None
    return field if field is not None and field.sortable and field.column is not None else None


def _natural(value: Json) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_OFFSET:
        return value
    return None
