"""What applying a world came to, per workspace: the changes, what stood in the way, and the keys that were made."""

from __future__ import annotations

from typing import Literal

import msgspec

from entrepot.worlds.form.faults import Fault

Action = Literal["create", "update", "delete"]


class Difference(msgspec.Struct, frozen=True):
    """One field that changes, its values as text; a secret's is never shown."""

    field: str
    before: str
    after: str


class Change(msgspec.Struct, frozen=True):
    """One thing that is created, updated or deleted, by its kind and name in the workspace."""

    action: Action
    kind: str
    name: str
    differences: tuple[Difference, ...] = ()


class GeneratedKey(msgspec.Struct, frozen=True):
    """A key that was made, for the only time that it is known. Its `repr` leaves the secret out."""

    channel: str
    name: str
    secret: str

    def __repr__(self) -> str:
        return f"GeneratedKey(channel={self.channel!r}, name={self.name!r}, secret=<redacted>)"


class PublicNumber(msgspec.Struct, frozen=True):
    """The number by which callers name an account."""

    channel: str
    number: str


class WorkspaceReport(msgspec.Struct, frozen=True):
    """One workspace. With `conflicts` nothing of it was applied; `id` is None where it does not exist."""

    name: str
    id: int | None
    changes: tuple[Change, ...] = ()
    conflicts: tuple[Fault, ...] = ()
    generated: tuple[GeneratedKey, ...] = ()
    numbers: tuple[PublicNumber, ...] = ()
    warnings: tuple[Fault, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """A whole world. `dry_run`: nothing was written, the changes are those that would be."""

    workspaces: tuple[WorkspaceReport, ...]
    dry_run: bool = False

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes."""
        return tuple(change for workspace in self.workspaces for change in workspace.changes)

    @property
    def conflicts(self) -> tuple[Fault, ...]:
        """Whatever kept a workspace from being applied."""
        return tuple(conflict for workspace in self.workspaces for conflict in workspace.conflicts)
