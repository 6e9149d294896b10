"""Commands that their caller named by a key: whoever repeats one is told what came of it, and nothing is done twice."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Any, Final

import msgspec

from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, Refused, refused
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures.payments import RequestKeyUsed

KEY_HEADER: Final = "Idempotency-Key"
"""The header that brings a key, where an API has no place of its own for one."""


class Named(msgspec.Struct, frozen=True):
    """A command as its caller named it: the `key`, and digests of whose `name` it is and of what was `said` with it."""

    key: str
    name: bytes
    said: bytes


def named(key: str, whose: str, said: object) -> Named:
    """By what a command is known whose caller gave it a key; `said` is what would make it another request."""
    name = hashlib.sha256(f"{whose}\0{key}".encode()).digest()
    return Named(key, name, hashlib.sha256(msgspec.json.encode(said)).digest())


class DoneCommand(Record, frozen=True):
    """A command that was done under a key of its caller's, and what it was told, as JSON."""

    name: bytes
    said: bytes
    at: datetime
    answer: Any

    @property
    def key(self) -> Hashable:
        """The digest of whose key it is."""
        return self.name


class Once(Command, frozen=True):
    """Do a command unless it was done under this key: then the result is what it was, of the kind `tells`.

    What is refused is not noted: the same request may be sent again once its reason is gone.
    """

    command: Command
    named: Named
    tells: type[msgspec.Struct]

    @property
    def ids(self) -> int:
        """The command's."""
        return self.command.ids

    @property
    def weight(self) -> int:
        """The command's, and the note that it was done."""
        return self.command.weight + 1

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The command's, and the note."""
        own = self.command.wants(stage, view)
        return (*own, (DoneCommand, self.named.name)) if stage is Stage.ROW else own

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse the key of another request, and what the command refuses."""
        done = view.get(DoneCommand, self.named.name)
        if done is not None and done.said != self.named.said:
            return refused(RequestKeyUsed(self.named.key))
        if done is not None:
            return Decided(msgspec.convert(done.answer, self.tells, str_keys=True), Changes())
        decision = self.command.decide(view, now, ids)
        if isinstance(decision, Refused):
            return decision
        answer = msgspec.to_builtins(decision.result, str_keys=True)
        decision.changes.put(DoneCommand(self.named.name, self.named.said, now, answer))
        return decision
