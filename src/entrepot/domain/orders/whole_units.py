"""Units of lines as people count them: one is a whole metre, however finely the goods are sold.

Rules and records count in the smallest unit. Whoever reads what an operator or integrator wrote, or shows units to
them, does it here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from entrepot.domain.kernel.quantity import FINEST, in_whole, to_text, to_units
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.records import OrderLine
from entrepot.failures import Failure
from entrepot.failures.fulfilment import TooManyToReturn

F = TypeVar("F", bound=Failure)


class Scales:
    """How many decimals the units of some lines have, by the line's number, and by the SKU of its goods.

    A line that is not there counts in whole units: the rule that is asked will say that it is not there.
    """

    def __init__(self, by_no: Mapping[int, int], by_sku: Mapping[str, int] | None = None) -> None:
        self._by_no = by_no
        self._by_sku = by_sku or {}

    def through(self, lines: Mapping[int, int]) -> Scales:
        """The decimals of lines that are units of these, such as a return's: these by their own numbers."""
        return Scales({no: self.of(line) for no, line in lines.items()})

    def of(self, no: int) -> int:
        """The decimals of a line."""
        return self._by_no.get(no, 0)

    def read(self, no: int, written: str) -> Units | str:
        """Units of a line as somebody wrote them; or, in words, why they are none."""
        read = _read(written, self.of(no), f"line {no}")
        return read if isinstance(read, str) else Units(no, read)

    def read_sku(self, sku: str, written: str) -> int | str:
        """Units of a SKU, in its smallest unit; or, in words, why they are none."""
        return _read(written, self._by_sku.get(sku, 0), sku)

    def text(self, no: int, units: int) -> str:
        """Units of a line, with all of its decimals."""
        return to_text(units, self.of(no))

    def total(self, units: Iterable[Units]) -> str:
        """How many these are together, as text; empty where they are none."""
        texts = [self.text(each.no, each.quantity) for each in units if each.quantity]
        return format(sum(map(Decimal, texts)), "f") if texts else ""

    def context(self, failure: Failure) -> dict[str, object]:
        """What a refused command on these lines says, its units as people count them."""
        if isinstance(failure, TooManyToReturn) and failure.item in self._by_sku:
            return context_of(failure, self._by_sku[failure.item])
        no = str(getattr(failure, "line", getattr(failure, "item", "")))
        return context_of(failure, self.of(int(no)) if no.isdecimal() else 0)

    def whole(self, failure: F) -> F:
        """The failure, its units as people count them."""
        told = self.context(failure)
        return msgspec.structs.replace(failure, **{name: told[name] for name in failure.units})


def of_order(lines: Sequence[OrderLine]) -> Scales:
    """The decimals of an order's lines."""
    return Scales({line.no: line.scale for line in lines}, {line.sku: line.scale for line in lines})


def context_of(failure: Failure, scale: int) -> dict[str, object]:
    """A failure's context, its units with so many decimals where they have any."""
    told = msgspec.structs.asdict(failure)
    return {name: in_whole(value, scale) if name in failure.units else value for name, value in told.items()}


def _read(written: str, scale: int, what: str) -> int | str:
    units = to_units(written, scale)
    if units is not None:
        return units
    if to_units(written, FINEST) is None:
        return f"a number of units has at most 13 digits, and {FINEST} decimals"
    return f"{what} is counted " + (f"with at most {scale} decimals" if scale else "in whole units")
