"""Mails over SMTP, against a server that takes them, refuses them, or is not one."""

import asyncio
import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from entrepot.gateways.mail.message import NOT_A_MAIL, NOT_AN_ADDRESS
from entrepot.gateways.mail.port import Mail, MailFailed, MailOutcome, Sent
from entrepot.gateways.mail.smtp import Security, SmtpMail
from tests.support.raw_server import raw_server, unused_port
from tests.support.smtp_server import SmtpServer, smtp_server
from tests.support.waiting import out_of_time

PEM = Path(__file__).with_name("mail_test.pem")
AT = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
MAIL = Mail(
    "ada@example.test", "Your côde", "It is 1234.\n.\nBye", "Shop <shop@example.test>", "1-7-mail:code-1"
)
SILENT = MailFailed("the mail server did not answer within the time limit")


def server_tls() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(PEM)
    return context


def gateway(
    port: int,
    security: Security = "starttls",
    *,
    host: str = "localhost",
    trusts: bool = True,
    limit: float = 60.0,
) -> SmtpMail:
    return SmtpMail(
        host,
        port,
        security=security,
        username="shop",
        password="s3cret",
        limit_seconds=limit,
        tls=ssl.create_default_context(cafile=str(PEM)) if trusts else None,
        private=True,
        clock=lambda: AT,
    )


async def send(
    replies: dict[str, str | None] | None = None, mail: Mail = MAIL, *, limit: float = 60.0
) -> tuple[MailOutcome, SmtpServer]:
    async with smtp_server(replies, tls=server_tls()) as server:
        return await gateway(server.port, limit=limit).send(mail), server


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_mail_arrives_as_it_was_written(security: Security) -> None:
    async with smtp_server(tls=server_tls(), implicit=security == "tls") as server:
        assert await gateway(server.port, security).send(MAIL) == Sent()
    [mail] = server.mails
    assert (mail["From"], mail["To"], mail["Subject"]) == (MAIL.sender, MAIL.to, MAIL.subject)
    assert mail["Date"].datetime == AT
    assert mail["Message-ID"].endswith("@example.test>")
    assert mail.get_content().replace("\r\n", "\n") == f"{MAIL.text}\n"
    assert "RCPT TO:<ada@example.test>" in server.commands
    assert [line for line in server.commands if line.startswith("MAIL FROM:<shop@example.test> ")]


async def test_nothing_is_said_before_tls_but_the_wish_for_it() -> None:
    outcome, server = await send()
    assert outcome == Sent()
    assert [command.split(" ")[0] for command in server.in_clear] == ["EHLO", "STARTTLS"]
    assert any(command.startswith("AUTH") for command in server.commands)


async def test_a_repeat_is_the_same_message_to_whoever_looks_at_its_id() -> None:
    (_, first), (_, again), (_, other) = (
        await send(),
        await send(),
        await send(mail=Mail(MAIL.to, MAIL.subject, MAIL.text, MAIL.sender, "another")),
    )
    ids = [server.mails[0]["Message-ID"] for server in (first, again, other)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        (
            {"RCPT": "550 <ada@example.test> unknown"},
            MailFailed("the mail server refused the recipient: 550", True),
        ),
        ({"RCPT": "450 try later"}, MailFailed("the mail server refused the recipient: 450")),
        ({"MAIL": "553 not you"}, MailFailed("the mail server refused the mail: 553", True)),
        ({"MAIL": "530 log in first"}, MailFailed("the mail server refused the mail: 530")),
        ({"MAIL": "451 later"}, MailFailed("the mail server refused the mail: 451")),
        ({"DATA": "554 no"}, MailFailed("the mail server refused the mail: 554", True)),
        ({".": "554 spam"}, MailFailed("the mail server refused the mail: 554", True)),
        ({".": "452 full"}, MailFailed("the mail server refused the mail: 452")),
        ({"AUTH": "535 wrong"}, MailFailed("the mail server refused us: SMTPAuthenticationError 535")),
        ({"BANNER": "554 closed"}, MailFailed("the mail server refused us: SMTPConnectResponseError 554")),
        ({"STARTTLS": "454 no"}, MailFailed("the mail server refused us: SMTPResponseException 454")),
        ({"EHLO": "250 plain"}, MailFailed("the mail server could not be used: SMTPException")),
        ({"BANNER": None}, MailFailed("the mail server could not be used: SMTPConnectError")),
        ({"MAIL": None}, MailFailed("the mail server could not be used: SMTPServerDisconnected")),
        ({".": None}, MailFailed("the mail server could not be used: SMTPServerDisconnected")),
        ({"MAIL": "what?"}, MailFailed("the mail server refused us: SMTPResponseException -1")),
    ],
)
async def test_every_refusal_has_its_answer(replies: dict[str, str | None], outcome: MailFailed) -> None:
    answer, server = await send(replies)
    assert answer == outcome
    assert server.mails == []


# Time may be up after the socket connected and before the client took it over: its last reference closes it then.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("silent_at", ["BANNER", "EHLO", "RCPT", "."])
async def test_silence_is_not_waited_for(silent_at: str) -> None:
    async with smtp_server({silent_at: ""}, tls=server_tls()) as server:
        sending = gateway(server.port).send(MAIL)
        assert await out_of_time(sending, server.silent.is_set) == SILENT


async def test_a_server_that_drips_is_not_waited_for_either() -> None:
    # A line each 0.1 s keeps every single wait short.
    ended = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"220-more\r\n")
                await writer.drain()
                await asyncio.sleep(0.1)
        except ConnectionError:
            pass
        finally:
            writer.close()
            ended.set()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        assert await gateway(port, limit=0.4).send(MAIL) == SILENT
        await ended.wait()


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(("host", "trusts"), [("localhost", False), ("127.0.0.1", True)])
async def test_the_certificate_is_verified(security: Security, host: str, trusts: bool) -> None:
    async with smtp_server(tls=server_tls(), implicit=security == "tls") as server:
        answer = await gateway(server.port, security, host=host, trusts=trusts).send(MAIL)
    assert isinstance(answer, MailFailed)
    assert answer.reason.startswith("the mail server could not be used")
    assert not answer.final
    assert not [command for command in server.commands if command.startswith(("AUTH", "MAIL"))]


async def test_what_is_no_mail_server_is_an_answer_too() -> None:
    nobody = await gateway(await unused_port()).send(MAIL)
    unknown = await gateway(25, host="mail.invalid").send(MAIL)
    async with raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as web:
        page = await gateway(web.port, limit=1).send(MAIL)
    for answer in (nobody, unknown, page):
        assert isinstance(answer, MailFailed)
        assert not answer.final


@pytest.mark.parametrize(
    ("mail", "outcome"),
    [
        (Mail("ada", "s", "t", MAIL.sender, "k"), NOT_AN_ADDRESS),
        (Mail("", "s", "t", MAIL.sender, "k"), NOT_AN_ADDRESS),
        (Mail("a@b.test, c@d.test", "s", "t", MAIL.sender, "k"), NOT_AN_ADDRESS),
        (Mail("a@b.test\r\nBcc: c@d.test", "s", "t", MAIL.sender, "k"), NOT_AN_ADDRESS),
        (Mail(f"{'a' * 65}@b.test", "s", "t", MAIL.sender, "k"), NOT_AN_ADDRESS),
        (Mail(f"a@{'b' * 260}.test", "s", "t", MAIL.sender, "k"), NOT_AN_ADDRESS),
        (Mail("a@b.test", "s", "t", "Shop", "k"), NOT_AN_ADDRESS),
        (Mail("a@b.test", "s", "t", "Shop\r\nBcc: c@d.test <shop@b.test>", "k"), NOT_A_MAIL),
        (Mail("a@b.test", "s\r\nBcc: c@d.test", "t", MAIL.sender, "k"), NOT_A_MAIL),
        (Mail("a@b.test", "s" * 251, "t", MAIL.sender, "k"), NOT_A_MAIL),
        (Mail("a@b.test", "s", "t" * 100_001, MAIL.sender, "k"), NOT_A_MAIL),
        (Mail("a@b.test", "s", "\ud800", MAIL.sender, "k"), NOT_A_MAIL),
    ],
)
async def test_what_is_no_mail_is_not_sent(mail: Mail, outcome: MailFailed) -> None:
    answer, server = await send(mail=mail)
    assert answer == outcome
    assert server.commands == []


async def test_neither_code_nor_password_nor_address_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer, _ = await send({"RCPT": "550 <ada@example.test> unknown"})
    shown = caplog.text + repr(answer) + repr(MAIL)
    assert not [secret for secret in ("1234", "s3cret", "ada@example.test") if secret in shown]
