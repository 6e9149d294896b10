"""Mails (`mail:<purpose>`): the payload is the mail as it was written when it was queued."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Failed, Job, Outcome, read_payload
from entrepot.gateways.mail.port import Mail, MailGateway, Sent

MailsOf = Callable[[int], MailGateway]
"""The mail gateway of a workspace."""


class _Letter(msgspec.Struct):
    to: str
    subject: str
    text: str
    sender: str


class MailDeliveries:
    """Sends each mail under the job's key, by which a repeat can be told from a second mail."""

    def __init__(self, mails_of: MailsOf) -> None:
        self._mails_of = mails_of

    async def __call__(self, job: Job) -> Outcome:
        """Send the mail; what its server refuses for good is not tried again."""
        letter = read_payload(job, _Letter)
        if letter is None:
            return UNREADABLE
        mail = Mail(letter.to, letter.subject, letter.text, letter.sender, job.key)
        answer = await self._mails_of(job.workspace).send(mail)
        return Delivered() if isinstance(answer, Sent) else Failed(answer.reason, answer.final)
