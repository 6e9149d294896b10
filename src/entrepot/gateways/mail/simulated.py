"""The simulated mail server: what is sent lands in a mailbox that anybody may read (`/sandbox/mailbox`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from entrepot.gateways.mail.message import compose, utc_now
from entrepot.gateways.mail.port import Mail, MailFailed, MailOutcome, Sent
from entrepot.store.connections import FAULTS, Connection, Pool

MOST_LETTERS = 1_000

_PUT = """
insert into mailbox (workspace, key, recipient, sender, subject, text, sent_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
"""
_READ = """
select key, recipient, sender, subject, text, sent_at from mailbox
where workspace = $1 and ($2::text is null or recipient = $2) order by sent_at desc, key limit $3
"""


class Letter(msgspec.Struct, frozen=True):
    """A mail as it lies in the mailbox; `sent_at` is real time."""

    key: str
    to: str
    sender: str
    subject: str
    text: str
    sent_at: datetime


class SimulatedMail:
    """The mail server of one workspace; a mail lands once under its key."""

    def __init__(self, pool: Pool, workspace: int, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._pool = pool
        self._workspace = workspace
        self._clock = clock

    async def send(self, mail: Mail) -> MailOutcome:
        """Put a mail into the mailbox. What no mail server would take is refused here too."""
        now = self._clock()
        message = compose(mail, now)
        if isinstance(message, MailFailed):
            return message
        try:
            async with self._pool.acquire() as connection:
                await connection.execute(
                    _PUT, self._workspace, mail.key, mail.to, mail.sender, mail.subject, mail.text, now
                )
        except FAULTS:
            return MailFailed("the simulated mailbox cannot be written")
        return Sent()


async def read_mailbox(
    connection: Connection, workspace: int, to: str | None = None, limit: int = 100
) -> list[Letter]:
    """The newest letters first, all or those to one address. Raises what asyncpg raises."""
    rows = await connection.fetch(_READ, workspace, to, min(limit, MOST_LETTERS))
    return [Letter(*row) for row in rows]
