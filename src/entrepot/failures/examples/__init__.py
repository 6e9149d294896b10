"""A worked example of every failure: a real value, of which pages show how each door says it.

What has no context needs none written down. The others stand in the files of this package, each once; goods, shops and
cards are those of the demo world.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from entrepot.failures.base import Failure, catalogue
from entrepot.failures.examples.after_sale import AFTER_SALE
from entrepot.failures.examples.buying import BUYING
from entrepot.failures.examples.money import MONEY
from entrepot.failures.examples.service import SERVICE

WORKED: Final[Mapping[type[Failure], Failure]] = {
    type(each): each for each in (*SERVICE, *BUYING, *MONEY, *AFTER_SALE)
}
"""By failure, those that have context."""


def example(failure: type[Failure]) -> Failure:
    """The worked example of a failure. Raises `LookupError` where it has context and nobody worked one."""
    if (worked := WORKED.get(failure)) is not None:
        return worked
    if msgspec.structs.fields(failure):
        raise LookupError(f"{failure.name} has no worked example")
    return failure()


def without_example() -> list[str]:
    """The names of the failures of which nobody worked an example."""
    return [each.name for each in catalogue().values() if each not in WORKED and msgspec.structs.fields(each)]
