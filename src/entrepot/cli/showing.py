"""How commands show what they found: tables for people, JSON for scripts, and nothing that a terminal obeys."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import cast

import msgspec
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from entrepot.domain.kernel import money
from entrepot.failures import Failure

ToldAs = Callable[[Failure], Mapping[str, object]]
"""How a failure's context is told."""
UNFOLDED = 10_000
"""So many columns no row needs."""


def show(renderable: RenderableType) -> None:
    """Print for a person. What goes into a pipe or file is not folded: a script may look for a SKU in it."""
    fits = sys.stdout.isatty() or "COLUMNS" in os.environ
    Console(highlight=False, width=None if fits else UNFOLDED).print(renderable)


def show_json(value: object) -> None:
    """Print one JSON document."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def plain(value: object) -> Text:
    """A value as text. Names come from outside, so what would move the cursor or change colours is replaced."""
    text = "" if value is None else str(value)
    return Text("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text))


def table(
    headings: Iterable[str],
    rows: Iterable[Iterable[object]],
    *,
    right: Iterable[str] = (),
    whole: Iterable[str] = (),
    sparse: Iterable[str] = (),
) -> Table:
    """A plain table that fits a terminal of 80 columns where its texts can be folded.

    The columns named in `right` hold numbers. These, and those in `whole`, are folded last; those in `sparse` are left
    out where no row says anything but nothing or 0, with whatever decimals.
    """
    numbers, unfolded, optional = frozenset(right), frozenset((*right, *whole)), frozenset(sparse)
    cells = [[plain(value) for value in row] for row in rows]
    made = Table(box=None, pad_edge=False, header_style="bold")
    kept: list[int] = []
    for place, heading in enumerate(headings):
        if heading not in optional or any(row[place].plain.strip("0.") for row in cells):
            kept.append(place)
            justify = "right" if heading in numbers else "left"
            made.add_column(heading, justify=justify, overflow="fold", no_wrap=heading in unfolded)
    for row in cells:
        made.add_row(*(row[place] for place in kept))
    return made


def amount(minor: int, currency: str) -> str:
    """An amount with its currency, with all of the currency's decimals."""
    return (
        f"{money.to_major(minor, currency).quantize(Decimal(1).scaleb(-money.exponent(currency)))} {currency}"
    )


def failure_text(failure: Failure, told_as: "ToldAs | None" = None) -> str:
    """A failure in one line: title, context (as it is to be told), advice."""
    context = told_as(failure) if told_as else msgspec.structs.asdict(failure)
    told = ", ".join(f"{name} {_written(value)}" for name, value in context.items())
    return plain(f"{failure.title}{f' ({told})' if told else ''}. {failure.advice}").plain


def _written(value: object) -> str:
    """A value of a failure's context; several are told one after another."""
    if not isinstance(value, tuple | list):
        return str(value)
    return "; ".join(map(str, cast("Sequence[object]", value)))


def failure_json(failure: Failure) -> dict[str, object]:
    """A failure for scripts."""
    context = msgspec.to_builtins(failure)
    return {"failure": failure.name, "title": failure.title, "advice": failure.advice, "context": context}
