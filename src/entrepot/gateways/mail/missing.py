"""The mail server that an account lacks: outside a sandbox nobody pretends to carry mails."""

from __future__ import annotations

from entrepot.gateways.mail.port import Mail, MailFailed, MailOutcome

NOT_SET_UP = MailFailed("no mail server is set up for the account (settings.mail)")


class MissingMail:
    """Takes no mail. What waits is tried again, and goes out once a server is named."""

    async def send(self, mail: Mail) -> MailOutcome:
        """Refuse it, not for good."""
        del mail
        return NOT_SET_UP
