"""The reference page of this door's classes, methods and errors, made from what the program runs by.

`python -m entrepot.doors.textalk.page docs/reference` writes it; a test keeps it equal to what it is made from.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from entrepot.doors.kit import Services
from entrepot.doors.textalk.app import DECLARATIONS, Textalk
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare.declaration import ClassDecl, Field, Operation
from entrepot.doors.textalk.declare.shapes import (
    CURRENCY_KEYS,
    LANGUAGE_KEYS,
    UID_KEYS,
    Array,
    Free,
    Mapped,
    Record,
    Scalar,
    Shape,
)
from entrepot.doors.textalk.orders.declaration import AMOUNT
from entrepot.doors.textalk.pattern import signatures
from entrepot.doors.textalk.rpc.methods import Method, MethodTable
from entrepot.doors.textalk.wire.errors import MESSAGES, Code
from entrepot.doors.textalk.wire.failures import CODES
from entrepot.failures import Failure, Internal, Overloaded, Unavailable

INTRODUCTION: Final = """# Textalk: classes, methods, errors

Made by `python -m entrepot.doors.textalk.page docs/reference`. [Textalk](textalk.md) says how calls, queries and
filters work. A running server has the same as an OpenRPC document at `/textalk/openrpc.json`, and `X.getSchema`
answers the JSON Schema to which a class holds patches.

## Methods of every class

What a class has of these stands in its section. "Buyers" are callers with a session, "administrators" callers with an
auth token; each may do what those before may.
"""
COLUMNS: Final = """In the tables of properties:

- **form**: the name of another class is the uid of one of its objects, in whose place a query may ask for the object.
  An `amount` is `{incVat, exVat, vat, vatRate, currency}`.
- **set by**: nobody, where it is empty.
- **in lists**: whether the property may stand in filters, and be sorted by.
- **shown to**: anybody who [sees the object](textalk.md#who-sees-what), where it is empty. What is somebody's only is
  left out of what others get; if they ask for it by name they get 1006.
"""
ERRORS: Final = """## Errors

`message` never changes and is never translated. Behind most codes stands one of our [failures](failures.md), whose page
says what to do. [Test a Textalk client](../how-to/test-a-textalk-client.md) has calls that provoke each code.
"""

_CALLERS: Final = {
    Audience.ANONYMOUS: "anybody",
    Audience.BUYER: "buyers",
    Audience.ADMIN: "administrators",
    Audience.NOBODY: "nobody",
}
_PASSING: Final[frozenset[type[Failure]]] = frozenset({Internal, Overloaded, Unavailable})
"""Of all that is an internal error at this door, what a shop's call can really come to."""


class _Unused:
    """Stands for the services of a worker: a description runs nothing."""

    def __getattr__(self, name: str) -> _Unused:
        return self


def classes_page() -> str:
    """All classes with their properties and methods, and all errors."""
    methods = method_table()
    sections = (_class(name, methods) for name in sorted({name.partition(".")[0] for name in methods}))
    return "\n".join([INTRODUCTION, _pattern(), COLUMNS, *sections, ERRORS, _errors()])


def method_table() -> MethodTable:
    """Every method, to be described and not to be called."""
    return Textalk(cast("Services", _Unused())).methods


PAGES: Mapping[str, Callable[[], str]] = {"textalk-classes.md": classes_page}
"""The reference pages by file name."""


def main(folder: str) -> None:
    """Write all pages into a folder."""
    for name, make in PAGES.items():
        (Path(folder) / name).write_text(make(), "utf-8")


def _pattern() -> str:
    """The signatures of the common methods, as those of any class."""
    example = next(decl for decl in DECLARATIONS if len(decl.operations) == len(Operation))
    common = (
        signatures.method(example, operation, Audience.ADMIN, cast("Any", None)) for operation in Operation
    )
    return _table(("method", "what"), ((f"`{_signature(method)}`", method.summary) for method in common))


def _class(name: str, methods: MethodTable) -> str:
    decl = next((decl for decl in DECLARATIONS if decl.name == name), None)
    common = {f"{name}.{operation.value}" for operation in (decl.operations if decl else ())}
    own = (each for key, each in sorted(methods.items()) if key.startswith(f"{name}.") and key not in common)
    table = _table(("method", "for", "what"), map(_method, own))
    if decl is None:
        return f"## {name}\n\n{table}"
    fields = _table(("property", "form", "set by", "in lists", "shown to"), map(_field, decl.fields))
    parts = (f"## {name}\n", f"{decl.summary}.\n", _operations(decl), table, fields, _aliases(decl))
    return "\n".join(part for part in parts if part)


def _operations(decl: ClassDecl) -> str:
    """The common methods by who may call them, in the order of callers."""
    by_caller: dict[Audience, list[str]] = {}
    for operation in Operation:
        if operation in decl.operations:
            by_caller.setdefault(decl.operations[operation], []).append(f"`{operation.value}`")
    lines = (f"for {_CALLERS[who]} {', '.join(by_caller[who])}" for who in sorted(by_caller))
    said = "; ".join(lines)
    return f"{said[0].upper()}{said[1:]}.\n" if said else ""


def _method(method: Method) -> tuple[str, ...]:
    caller = f"{_CALLERS[method.audience]}{' with a session' if method.needs_session else ''}"
    return f"`{_signature(method)}`", caller, method.summary


def _signature(method: Method) -> str:
    params = (f"{param.name}{'' if param.required else '?'}" for param in method.params)
    return f"{method.name.partition('.')[2]}({', '.join(params)})"


def _field(field: Field) -> tuple[str, ...]:
    uses = {"filter": field.filterable and field.column is not None, "sort": field.sortable}
    return (
        f"`{field.name}`",
        _form(field.shape) + (", needed" if field.required else ""),
        "" if field.write is None else _CALLERS[field.write],
        ", ".join(use for use, there in uses.items() if there),
        _shown_to(field),
    )


def _shown_to(field: Field) -> str:
    if field.once:
        return "whoever makes it, once"
    return "" if field.read is Audience.ANONYMOUS else _CALLERS[field.read]


def _aliases(decl: ClassDecl) -> str:
    names = [f"`{alias.name}`" for alias in decl.aliases]
    names += ['`search` (`{"term": words}`)'] if decl.search is not None else []
    return f"Only for filters: {', '.join(names)}.\n" if names else ""


def _form(shape: Shape) -> str:
    """What a value looks like, in few words: `getSchema` has the rest."""
    return _plain_form(shape) + (" or null" if shape.nullable and not isinstance(shape, Free) else "")


def _plain_form(shape: Shape) -> str:
    match shape:
        case Scalar(reference=str(name)):
            return f"[{name}](#{name.lower()})"
        case Scalar(options=options) if options:
            return " or ".join(f"`{option}`" for option in options)
        case Scalar():
            return shape.kind.value
        case Array():
            return f"array of {_form(shape.items)}"
        case Mapped():
            return _mapped(shape)
        case Record():
            return f"`{_keys(shape)}`"
        case Free():
            return "any JSON"


def _mapped(shape: Mapped) -> str:
    by = {LANGUAGE_KEYS: "language", CURRENCY_KEYS: "currency", UID_KEYS: "uid"}.get(shape.keys)
    if by is None:
        return "object"
    inner = shape.values.kind.value if isinstance(shape.values, Scalar) else _plain_form(shape.values)
    return f"{inner} by {by}"


def _keys(shape: Record) -> str:
    """The keys of an object and of the objects in it."""
    if shape.properties.keys() == AMOUNT.properties.keys():
        return "amount"
    parts: list[str] = []
    for name, inner in shape.properties.items():
        below = inner.items if isinstance(inner, Array) else inner
        keys = f": {_keys(below)}" if isinstance(below, Record) else ""
        parts.append(f"{name}{keys}")
    return f"{{{', '.join(parts)}}}"


def _errors() -> str:
    behind: dict[Code, list[str]] = {}
    for failure, (_, number) in CODES.codes.items():
        code = Code(int(number))
        if code is not Code.INTERNAL_ERROR or failure in _PASSING:
            behind.setdefault(code, []).append(f"[{failure.name}](failures.md#{failure.name})")
    rows = ((f"`{int(code)}`", MESSAGES[code], ", ".join(behind.get(code, ()))) for code in Code)
    return _table(("code", "message", "failures behind it"), rows)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = list(_lines(rows))
    return "\n".join([*_lines([heads, tuple("---" for _ in heads)]), *lines, ""]) if lines else ""


def _lines(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    return (f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
