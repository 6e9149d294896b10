"""Secrets of a world: where they stand in a channel's settings, and how they are taken from the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from entrepot.worlds.form.faults import Fault, pointer
from entrepot.worlds.form.schema import SECRETS

Steps = tuple[str | int, ...]

LONGEST = 255
SHORTEST_KEY = 20
"""Outside a sandbox a key of fewer characters, with which callers come, is refused: a fast hash does not keep it."""
OPENS_OURS: Final = ("carrier", "secret")
"""Where a channel's settings have the one secret under which others tell us something."""


def secrets_in(settings: Mapping[str, Any]) -> Iterator[tuple[Steps, object]]:
    """Each secret of a channel's settings: the way to it, and its text or `{"env": …}`. `door` has none."""
    for name, value in settings.items():
        if name in SECRETS:
            yield (name,), value
        elif isinstance(value, dict) and name != "door":
            for steps, inner in secrets_in(cast("dict[str, Any]", value)):
                yield (name, *steps), inner


def presumed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A channel's settings as if each secret that is named had its name for a value: for checks without secrets."""
    return {
        name: value if name == "door" or not isinstance(value, dict) else _presumed(name, cast("Any", value))
        for name, value in settings.items()
    }


def _presumed(name: str, value: dict[str, Any]) -> object:
    return value["env"] if name in SECRETS else presumed(value)


class Environment:
    """Looks up variables, and keeps a fault for each that is missing or too short.

    How long a secret must be is up to whom it opens: others' systems issue what they like, and what carriers sign with
    opens ours.
    """

    def __init__(self, variables: Mapping[str, str], *, sandbox: bool) -> None:
        self._variables = variables
        self._sandbox = sandbox
        self.faults: list[Fault] = []

    def get(self, name: str, steps: Steps, shortest: int = 1) -> str:
        """The variable's value, and a fault where it cannot serve; `shortest` counts outside a sandbox only."""
        value = self._variables.get(name, "")
        shortest = 1 if self._sandbox else shortest
        if not value:
            self.faults.append(Fault(pointer(steps), f"the environment has no variable {name}"))
        elif not (shortest <= len(value) <= LONGEST and value.isascii() and value.isprintable()):
            message = f"{name} must have {shortest} to {LONGEST} characters of printable ASCII"
            self.faults.append(Fault(pointer(steps), message))
        return value

    def settings(self, settings: Mapping[str, Any], steps: Steps) -> dict[str, Any]:
        """A channel's settings with the variables' values in place of their names."""
        return {name: self._filled(name, value, (*steps, name)) for name, value in settings.items()}

    def _filled(self, name: str, value: object, steps: Steps) -> object:
        if not isinstance(value, dict) or name == "door":
            return cast("object", value)
        inner = cast("dict[str, Any]", value)
        if name in SECRETS:
            return self.get(inner["env"], steps, SHORTEST_KEY if steps[-2:] == OPENS_OURS else 1)
        return self.settings(inner, steps)
