"""Mails over SMTP, always under TLS: from the first byte, or by STARTTLS before anything is said."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from functools import cache
from typing import Literal

import aiosmtplib

from entrepot.gateways.http.addresses import Resolve, admitted, resolve
from entrepot.gateways.mail.message import compose, envelope_sender, utc_now
from entrepot.gateways.mail.port import Mail, MailFailed, MailOutcome, Sent

LIMIT_SECONDS = 20.0

Security = Literal["starttls", "tls"]
PORTS: dict[Security, int] = {"starttls": 587, "tls": 465}

_PERMANENT, _OF_US = 500, 53


class SmtpMail:
    """A mail server that takes our mails: a connection for each, certificates verified, `limit_seconds` in all.

    It is sought at private addresses only if `private`.
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        security: Security = "starttls",
        username: str | None = None,
        password: str | None = None,
        limit_seconds: float = LIMIT_SECONDS,
        tls: ssl.SSLContext | None = None,
        private: bool = False,
        resolve: Resolve = resolve,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._host = host
        self._port = port or PORTS[security]
        self._implicit = security == "tls"
        self._login = (username, password)
        self._limit = limit_seconds
        self._tls = tls
        self._private = private
        self._resolve = resolve
        self._clock = clock

    async def send(self, mail: Mail) -> MailOutcome:
        """Hand a mail to the server. Only its word about this mail is final; all else may be mended."""
        message = compose(mail, self._clock())
        if isinstance(message, MailFailed):
            return message
        try:
            async with asyncio.timeout(self._limit):
                return await self._deliver(message, mail)
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            return MailFailed("the mail server did not answer within the time limit")
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused("the recipient", error.recipients[0].code)
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            return _refused("the mail", error.code)
        except aiosmtplib.SMTPResponseException as error:
            return MailFailed(f"the mail server refused us: {type(error).__name__} {error.code}")
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return MailFailed(f"the mail server could not be used: {type(error).__name__}")

    async def _deliver(self, message: EmailMessage, mail: Mail) -> MailOutcome:
        username, password = self._login
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=None,
            sock=await self._connected(),
            username=username,
            password=password,
            use_tls=self._implicit,
            start_tls=not self._implicit,
            tls_context=self._tls or _public_tls(),
            timeout=self._limit,
        )
        try:
            await client.connect()
            await client.send_message(message, sender=envelope_sender(mail.sender), recipients=[mail.to])
        finally:
            # No farewell: what matters has been answered, and a server slow to part must not undo it.
            client.close()
        return Sent()

    async def _connected(self) -> socket.socket:
        """A socket to the first checked address that connects; `OSError` where none does."""
        failure = OSError()
        for address in await admitted(self._host, self._port, private=self._private, resolve=self._resolve):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            opened = socket.socket(family, socket.SOCK_STREAM)
            opened.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(opened, (address, self._port))
            except OSError as error:
                opened.close()
                failure = error
            except BaseException:
                opened.close()
                raise
            else:
                return opened
        raise failure


def _refused(what: str, code: int) -> MailFailed:
    """What the code says. The server's own words are left out, since they tend to repeat addresses.

    A 53x is about our account, whatever it answers.
    """
    final = code >= _PERMANENT and code // 10 != _OF_US
    return MailFailed(f"the mail server refused {what}: {code}", final)


@cache
def _public_tls() -> ssl.SSLContext:
    """Trust whom this machine trusts; not the context of HTTP, which announces that protocol."""
    return ssl.create_default_context()
