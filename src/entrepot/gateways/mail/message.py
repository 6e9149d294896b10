"""A mail in the form in which it travels (RFC 5322), and what makes one impossible."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from hashlib import sha256

from entrepot.gateways.mail.port import Mail, MailFailed

LONGEST_ADDRESS = 254
LONGEST_SUBJECT = 250
LONGEST_TEXT = 100_000

_ADDRESS = re.compile(r"""[^\s\x00-\x1f\x7f<>()\[\],;:"\\@]{1,64}@[^\s\x00-\x1f\x7f<>()\[\],;:"\\@]+""")

NOT_AN_ADDRESS = MailFailed("the mail's recipient or sender is not an address", final=True)
NOT_A_MAIL = MailFailed("the mail has a part that is too long or cannot be written", final=True)


def utc_now() -> datetime:
    """The time on the wall."""
    return datetime.now(UTC)


def envelope_sender(sender: str) -> str:
    """The bare address of a sender."""
    return parseaddr(sender)[1]


def compose(mail: Mail, at: datetime) -> EmailMessage | MailFailed:
    """The message as sent at a moment; its id derives from the mail's key."""
    if not (_is_address(mail.to) and _is_address(envelope_sender(mail.sender))):
        return NOT_AN_ADDRESS
    if len(mail.subject) > LONGEST_SUBJECT or len(mail.text) > LONGEST_TEXT:
        return NOT_A_MAIL
    try:
        return _message(mail, at)
    except (ValueError, MessageError):  # a line break in a header, a lone surrogate
        return NOT_A_MAIL


def _message(mail: Mail, at: datetime) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = mail.sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = _message_id(mail)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message


def _message_id(mail: Mail) -> str:
    domain = envelope_sender(mail.sender).rpartition("@")[2]
    return f"<{sha256(mail.key.encode()).hexdigest()[:32]}@{domain}>"


def _is_address(text: str) -> bool:
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None
