"""What a shop's ways to send and ways to pay have in common: their place among others, and for whom they are."""

from __future__ import annotations

from collections.abc import Hashable

from entrepot.domain.kernel.records import Record


class ShopMethod(Record, frozen=True):
    """A way of the shop's to do something that a buyer chooses; `name` and `description` are by language."""

    id: int
    channel: int
    position: int
    active: bool
    name: dict[str, str]
    description: dict[str, str]

    @property
    def key(self) -> Hashable:
        """The method's id."""
        return self.id

    @property
    def parent(self) -> Hashable:
        """The channel."""
        return self.channel

    @property
    def place(self) -> tuple[int, int]:
        """Sort key: the order in which a shop offers its methods."""
        return (self.position, self.id)


def open_to(limited: tuple[int, ...] | None, groups: frozenset[int]) -> bool:
    """Whether something that is limited to customer groups (None: it is not) is open to a member of `groups`."""
    return limited is None or not groups.isdisjoint(limited)
