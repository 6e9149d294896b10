"""Mails (`mail:<purpose>`): the payload is the mail as it was written when it was queued."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Failed, Job, Outcome, read_payload
from entrepot.gateways.mail.port import Mail, MailGateway, Sent

MailsOf = Callable[[int, int], Awaitable[MailGateway]]
"""Who carries an account's mails, by workspace and channel."""


class _Letter(msgspec.Struct):
    to: str
    subject: str
    text: str
    sender: str
    channel: int


class MailDeliveries:
    """Sends each mail under the job's key, by which a repeat can be told from a second mail."""

    def __init__(self, mails_of: MailsOf) -> None:
        self._mails_of = mails_of

    async def __call__(self, job: Job) -> Outcome:
        """Send the mail; what its server refuses for good is not tried again. One to nobody has arrived."""
        letter = read_payload(job, _Letter)
        if letter is None:
            return UNREADABLE
        if not letter.to:
            return Delivered()
        mail = Mail(letter.to, letter.subject, letter.text, letter.sender, job.key)
        gateway = await self._mails_of(job.workspace, letter.channel)
        answer = await gateway.send(mail)
        return Delivered() if isinstance(answer, Sent) else Failed(answer.reason, answer.final)
