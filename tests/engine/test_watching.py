"""Whatever a provider fails at is a warning with its reason, and the answer goes through as it is."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from entrepot.engine.gateways import GatewayName, unwrapped
from entrepot.engine.watching import watching
from entrepot.failures.payments import ASK_AGAIN, TaxUnavailable
from entrepot.gateways.addresses.port import LookupFailed, NotFound
from entrepot.gateways.cards.port import CallFailed
from entrepot.gateways.mail.port import MailFailed, Sent
from entrepot.gateways.tokens.port import Invalid, NoVerdict, Valid
from entrepot.sandbox.faults import FaultOrder, Faults, Scope


class Provider:
    in_process = False

    def __init__(self, answer: object) -> None:
        self._answer = answer

    async def ask(self, question: str) -> object:
        assert question == "?"
        return self._answer


@pytest.mark.parametrize(
    ("name", "answer", "reason"),
    [
        (
            "cards",
            CallFailed("Your account is closed.", in_doubt=False, code="gone"),
            "Your account is closed. (gone)",
        ),
        (
            "taxes",
            TaxUnavailable(ASK_AGAIN, "no reply within the time limit"),
            "no reply within the time limit",
        ),
        ("tokens", NoVerdict("the partner answered with status 500"), "the partner answered with status 500"),
        ("mails", MailFailed("the mail server refused us"), "the mail server refused us"),
        ("addresses", LookupFailed("the connection failed"), "the connection failed"),
        ("tokens", Valid(), None),
        ("tokens", Invalid(), None),
        ("mails", Sent(), None),
        ("addresses", NotFound(), None),
    ],
)
async def test_a_failed_call_is_a_warning_with_its_reason(
    name: GatewayName, answer: Any, reason: str | None
) -> None:
    gateway = watching(unwrapped)(name, Provider(answer), 7)
    with capture_logs() as logs:
        assert await gateway.ask("?") is answer
    assert gateway.in_process is False
    expected = {"event": "provider failed", "log_level": "warning", "workspace": 7, "call": f"{name}.ask"}
    assert logs == ([] if reason is None else [{**expected, "reason": reason}])


async def test_a_failure_by_order_of_the_sandbox_is_told_too() -> None:
    class Carrier:
        async def send(self, mail: object) -> Sent:
            del mail
            return Sent()

    faults = Faults()
    faults.add(FaultOrder(target="mails.send", kind="refuse", count=1), Scope())
    carrier = watching(faults.wrap_gateway)("mails", Carrier(), 1)
    with capture_logs() as logs:
        assert isinstance(await carrier.send(None), MailFailed)
        assert await carrier.send(None) == Sent()
    assert [each["call"] for each in logs] == ["mails.send"]
