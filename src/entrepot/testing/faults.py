"""What a test has ordered: a fault, or a quota."""

from __future__ import annotations

from typing import Any

from entrepot.testing.line import Line


class Fault:
    """A fault by its number. It heals as ordered, or when it is lifted; a reset lifts all."""

    def __init__(self, line: Line, number: int) -> None:
        self._line = line
        self.id = number

    @property
    def hits(self) -> int:
        """How often it has struck so far. Raises LookupError once it was lifted."""
        return int(self._state()["hits"])

    @property
    def healed(self) -> bool:
        """Whether it strikes no more. Raises LookupError once it was lifted."""
        return self._state()["state"] == "healed"

    def lift(self) -> None:
        """End it. Who waits because of it goes on at once. Raises ControlPlaneError where it is gone already."""
        self._line.delete(f"/faults/{self.id}")

    def _state(self) -> dict[str, Any]:
        for each in self._line.get("/faults")["faults"]:
            if each["id"] == self.id:
                return each
        raise LookupError(f"fault {self.id} was lifted")


class Quota:
    """A quota by its number, until it is lifted; a reset lifts all."""

    def __init__(self, line: Line, number: int) -> None:
        self._line = line
        self.id = number

    @property
    def refused(self) -> int:
        """How many calls it has refused so far. Raises LookupError once it was lifted."""
        for each in self._line.get("/quotas")["quotas"]:
            if each["id"] == self.id:
                return int(each["refused"])
        raise LookupError(f"quota {self.id} was lifted")

    def lift(self) -> None:
        """End it. Raises ControlPlaneError where it is gone already."""
        self._line.delete(f"/quotas/{self.id}")
