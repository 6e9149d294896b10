"""Where secrets stand in bodies: what pointers and names say of each member, found out once and then looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias

from entrepot.doors.kit.observing.keeps import Pointers
from entrepot.integration_log.known_secrets import is_secret

Tree: TypeAlias = "Mapping[str, Tree | None]"
"""Where pointers lead: by member, place in a list or `*` for all of them; None where one ends."""
_NOWHERE: Final[Tree] = {}
_KNOWN: Final = 512
"""So many names of a level are remembered, and of none more than `_LONGEST` characters: callers choose them."""
_LONGEST: Final = 64


class Secret(Enum):
    """Why a member is hidden."""

    POINTED_AT = "a pointer leads to it"
    CALLED_SO = "its name says so"


class Level(dict[str, "Level | Secret"]):
    """The members of an object, or places of a list: what is below each of them, or why it is secret.

    It fills as names are asked for. Two requests that ask at a time find out the same.
    """

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        self.pointed = bool(tree)
        """Whether a pointer leads any further from here."""
        self._inner = {step: Level(inner) if inner is not None else None for step, inner in tree.items()}
        self._others = self._inner.get("*", ELSEWHERE if tree else self)

    def __missing__(self, name: str) -> Level | Secret:
        found = self._found(name)
        if len(self) < _KNOWN and len(name) <= _LONGEST:
            self[name] = found
        return found

    def _found(self, name: str) -> Level | Secret:
        below = self._inner.get(name, self._others)
        if below is None:
            return Secret.POINTED_AT
        return Secret.CALLED_SO if is_secret(name) else below


ELSEWHERE: Final = Level(_NOWHERE)
"""Where no pointer leads."""


@lru_cache(512)
def under(pointers: Pointers) -> Level | Secret:
    """The level at which these pointers begin; the whole is secret where one of them leads to it."""
    paths = (pointer.split("/")[1:] for pointer in pointers)
    tree = _tree([[part.replace("~1", "/").replace("~0", "~") for part in path] for path in paths])
    if tree is None:
        return Secret.POINTED_AT
    return Level(tree) if tree else ELSEWHERE


def _tree(paths: Sequence[Sequence[str]]) -> Tree | None:
    """A branch for each first step, with what `*` says of it; None where a path ends here."""
    if any(not path for path in paths):
        return None
    return {
        step: _tree([path[1:] for path in paths if path[0] in (step, "*")])
        for step in {path[0] for path in paths}
    }
