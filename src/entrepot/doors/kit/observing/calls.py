"""What a request was made of: the calls in its message, and the commands that they came to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple, Protocol

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.kernel.commands import Command, Refused

MOST_COMMANDS = 200
"""So many commands of one request are noted; a bulk of rows has more."""


class Account(Protocol):
    """Whoever calls, as far as an observer cares: one account of one workspace."""

    @property
    def workspace(self) -> int:
        """The tenant."""
        ...

    @property
    def channel(self) -> int:
        """Its number in the workspace."""
        ...

    @property
    def name(self) -> str:
        """What the account is called."""
        ...

    @property
    def settings(self) -> ChannelSettings:
        """How it is set up."""
        ...


class Call(NamedTuple):
    """One operation that was run. `outcome` is `ok`, `disconnected` or a failure's name."""

    operation: str
    channel: str | None
    outcome: str
    seconds: float


class Done(NamedTuple):
    """A command that has come to its outcome: its name, the order that it was about, and why it was refused.

    `refused` is the name of the failure that counts, `refusal` the whole of it.
    """

    name: str
    order: int | None
    refused: str | None
    refusal: Refused | None = None


class Moved(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a field of the mapped body came from: its pointer, that in the body as it was sent, and the rule.

    Without a `source` the rule set a value of its own. `missing`: the rule names a source that was not there, and
    `meant` is the one that probably was; `optional`: nor did it have to be.
    """

    target: str
    source: str | None = None
    rule: str = ""
    missing: bool = False
    meant: str | None = None
    optional: bool = False


class Mapped(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a mapping made of a body: its name and version, the body, and the provenance of its fields.

    `dropped` are pointers to what nothing used.
    """

    mapping: str
    version: int | None
    body: Any
    moved: tuple[Moved, ...] = ()
    dropped: tuple[str, ...] = ()


Story = Callable[[], Mapped]
"""What a mapping made of a body, told when somebody asks: that may take a while, and is nobody's wait."""
Commands = list[Done]
_running: ContextVar[Commands | None] = ContextVar("commands of the request", default=None)


def note_into(commands: Commands) -> None:
    """From here on commands that this task runs, or tasks that it starts, are noted in the list."""
    _running.set(commands)


def note(_workspace: int, command: Command, outcome: object) -> None:
    """Note a command with its outcome for whichever request it was run; the engine calls this."""
    commands = _running.get()
    if commands is not None and len(commands) < MOST_COMMANDS:
        refusal = outcome if isinstance(outcome, Refused) else None
        refused = refusal.failures[0].name if refusal else None
        commands.append(Done(type(command).__name__, order_of((outcome, command)), refused, refusal))


def order_of(told: Sequence[object]) -> int | None:
    """The number of the order that an outcome or a command speaks of, by its member `order`."""
    for each in told:
        order = getattr(each, "order", None)
        number = getattr(order, "id", order)
        if isinstance(number, int):
            return number
    return None
