"""The port to whoever carries mails: one text to one address."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import msgspec


class Mail(msgspec.Struct, frozen=True):
    """A plain text for one address. `sender` is an address, with or without a name before it in angle form.

    `key` names the mail, so that its repeat is known for one. Its `repr` shows neither address nor text: texts hold
    codes.
    """

    to: str
    subject: str
    text: str
    sender: str
    key: str

    def __repr__(self) -> str:
        return f"Mail(key={self.key!r})"


class Sent(msgspec.Struct, frozen=True):
    """The mail's server has it and answers for it from now on."""


class MailFailed(msgspec.Struct, frozen=True):
    """The mail was not taken. `final` means that it never will be, as it is.

    `reason` is for the operator; it holds no address, text or password.
    """

    reason: str
    final: bool = False


MailOutcome: TypeAlias = Sent | MailFailed


class MailGateway(Protocol):
    """Someone who carries mails: every failure is an answer, nothing is raised."""

    async def send(self, mail: Mail) -> MailOutcome:
        """Hand a mail over. One that is sent twice under its key may arrive twice."""
        ...
