"""The AvaTax adapter against servers that answer as AvaTax does, badly, or not at all."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import date
from importlib.metadata import version
from typing import Any

import pytest
import requests

from entrepot import __version__
from entrepot.domain.kernel.places import Premises
from entrepot.domain.pricing.taxes import Destination, TaxLine, TaxQuery, TaxQuote
from entrepot.failures.payments import ASK_AGAIN, TaxRefused, TaxUnavailable
from entrepot.gateways.taxes.avatax import THREADS, AvataxGateway
from entrepot.gateways.taxes.avatax_reply import unavailable_because
from entrepot.gateways.taxes.port import TaxAnswer
from tests.support.raw_server import RawServer, http_reply, raw_server, unused_port

PATH = "/api/v2/transactions/create"
BURLINGTON = Premises("1 Church St", "Burlington", "VT", "05401")
QUERY = TaxQuery(
    "DEFAULT",
    "CAD",
    Destination("CA", "ON", "M5V 2T6", "Toronto", "1 Front St"),
    (
        TaxLine("a", 10_050, "US", quantity=3, hs_code="640351", merchant_address=BURLINGTON),
        TaxLine("b", 999, "SE", tax_included=True),
    ),
    (TaxLine("s", 1_000, "US", merchant_address=BURLINGTON),),
)
DUTY = {"taxType": "LandedCost", "tax": 18.09}
TRANSACTION: dict[str, Any] = {
    "id": 0,
    "type": "SalesOrder",
    "totalTax": 33.60,
    "lines": [
        {"lineNumber": "1", "tax": 1.15, "details": [{"taxType": "Sales", "tax": 1.15}]},
        {"lineNumber": "0", "tax": 31.155, "details": [DUTY, {"taxType": "Sales", "tax": 13.065}]},
        {"lineNumber": "2", "tax": 1.3},
    ],
}
COMPANY_NOT_FOUND = {
    "error": {
        "code": "EntityNotFoundError",
        "message": "Company not found.",
        "target": "HttpRequest",
        "details": [
            {
                "code": "EntityNotFoundError",
                "number": 4,
                "message": "Company not found.",
                "description": "The Company with code 'ABC' was not found.",
                "faultCode": "Client",
                "helpLink": "https://developer.avalara.com/avatax/errors/EntityNotFoundError",
                "severity": "Error",
            }
        ],
    }
}
HTML = b"<html><body>502 Bad Gateway</body></html>"


@asynccontextmanager
async def gateway(base_url: str, limit: float = 60.0) -> AsyncGenerator[AvataxGateway]:
    today = date(2024, 2, 29)
    made = AvataxGateway("2000", "KEY", lambda: today, base_url=base_url, limit_seconds=limit, private=True)
    try:
        yield made
    finally:
        made.close()


async def ask(reply: bytes, *, silent: bool = False, limit: float = 60.0) -> tuple[TaxAnswer, RawServer]:
    async with raw_server(reply, silent=silent) as server, gateway(server.url, limit) as avatax:
        return await avatax.quote(QUERY), server


async def test_a_transaction_becomes_a_quote_matched_by_line_number():
    answer, _ = await ask(http_reply(TRANSACTION))
    assert answer == TaxQuote(line_taxes=(1_307, 0), shipping_taxes=(130,), duties=(1_809, 0))


async def test_the_document_is_a_sales_order_that_is_not_committed():
    _, server = await ask(http_reply(TRANSACTION))
    [request] = server.requests
    assert request.line == f"POST {PATH} HTTP/1.1"
    client = request.headers["x-avalara-client"].split("; ")
    assert client == ["entrepot", __version__, "Python SDK", version("avalara"), "entrepot;"]
    assert request.headers["authorization"] == "Basic " + base64.b64encode(b"2000:KEY").decode()
    to = {"line1": "1 Front St", "city": "Toronto", "region": "ON", "country": "CA", "postalCode": "M5V 2T6"}
    vermont = {
        "line1": "1 Church St",
        "city": "Burlington",
        "region": "VT",
        "country": "US",
        "postalCode": "05401",
    }
    from_us, from_sweden = ({"shipFrom": place, "shipTo": to} for place in (vermont, {"country": "SE"}))
    assert request.json == {
        "type": "SalesOrder",
        "commit": False,
        "isSellerImporterOfRecord": True,
        "companyCode": "DEFAULT",
        "customerCode": "shopper",
        "date": "2024-02-29",
        "currencyCode": "CAD",
        "lines": [
            {
                "number": "0",
                "quantity": 3,
                "amount": 100.5,
                "taxIncluded": False,
                "hsCode": "640351",
                "addresses": from_us,
            },
            {"number": "1", "quantity": 1, "amount": 9.99, "taxIncluded": True, "addresses": from_sweden},
            {
                "number": "2",
                "quantity": 1,
                "amount": 10,
                "taxIncluded": False,
                "taxCode": "FR020100",
                "addresses": from_us,
            },
        ],
    }


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "500 Internal Server Error"])
async def test_a_structured_error_is_a_refusal_in_the_providers_words(status: str):
    answer, _ = await ask(http_reply(COMPANY_NOT_FOUND, status))
    assert answer == TaxRefused(
        message="Company not found.",
        code="EntityNotFoundError",
        number=4,
        description="The Company with code 'ABC' was not found.",
        fault_code="Client",
        help_link="https://developer.avalara.com/avatax/errors/EntityNotFoundError",
        severity="Error",
    )


async def test_a_structured_error_without_details_says_what_its_head_says():
    answer, _ = await ask(http_reply({"error": {"code": "ServerError", "message": "Try later."}}, "503 Busy"))
    assert answer == TaxRefused("Try later.", "ServerError", 0, "", "", "", "Error")


async def test_a_null_in_an_error_is_a_text_that_is_not_there():
    detail = {
        "code": "GetTaxError",
        "number": None,
        "message": "No address.",
        "description": None,
        "helpLink": None,
    }
    error = {"error": {"code": None, "message": None, "details": [detail]}}
    answer, _ = await ask(http_reply(error, "400 Bad Request"))
    assert answer == TaxRefused("No address.", "GetTaxError", 0, "", "", "", "Error")


async def test_nulls_in_a_transaction_are_no_duties():
    lines = [{"lineNumber": str(number), "tax": 1, "details": None} for number in range(2)]
    last = {"lineNumber": "2", "tax": 1, "details": [{"taxType": None, "tax": None}]}
    answer, _ = await ask(http_reply({"lines": [*lines, last]}))
    assert answer == TaxQuote(line_taxes=(100, 0), shipping_taxes=(100,), duties=(0, 0))


BUSY = http_reply({"message": "slow down"}, "429 Too Many Requests", headers="Retry-After: 0\r\n")


async def test_too_many_requests_are_sent_again_when_the_provider_says():
    async with raw_server(BUSY) as server, gateway(server.url) as avatax:
        server.then = http_reply(TRANSACTION)
        answer = await avatax.quote(QUERY)
    assert isinstance(answer, TaxQuote)
    assert server.connections == 2


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (
            {"message": "slow down"},
            TaxRefused("Too many requests.", "TooManyRequests", 0, "", "", "", "Error"),
        ),
        (b"<html>", TaxRefused("Too many requests.", "TooManyRequests", 0, "", "", "", "Error")),
        (
            {"error": {"code": "RateLimit", "message": "Slow down."}},
            TaxRefused("Slow down.", "RateLimit", 0, "", "", "", "Error"),
        ),
    ],
)
async def test_too_many_requests_for_too_long_are_a_refusal(body: Any, refusal: TaxRefused):
    """The provider asks for more time than a call may take: nobody waits, and it is no unreadable reply."""
    answer, server = await ask(http_reply(body, "429 Too Many Requests", headers="Retry-After: 3600\r\n"))
    assert (answer, server.connections) == (refusal, 1)


Wording = Callable[[str], str]


def unreadable(reason: str) -> Wording:
    return lambda url: f"FetchError: invalid json response body at {url} reason: {reason}"


@pytest.mark.parametrize(
    ("reply", "wording"),
    [
        (http_reply(HTML, content_type="text/html"), unreadable("Unexpected token < in JSON at position 0")),
        (
            http_reply(HTML, "502 Bad Gateway", "text/html"),
            unreadable("Unexpected token < in JSON at position 0"),
        ),
        (http_reply(b'{"lines": [}'), unreadable("Unexpected token } in JSON at position 11")),
        (http_reply(b'{"lines": ['), unreadable("Unexpected end of JSON input")),
        (http_reply(b'{"lines": "abc'), unreadable("Unexpected end of JSON input")),
        (http_reply(b""), unreadable("Unexpected end of JSON input")),
        (b"HTTP/1.1 200 OK\r\nContent-Le", unreadable("Unexpected end of JSON input")),
        (http_reply(b"[" * 100_000), unreadable("The reply is not a tax transaction")),
        (http_reply({}), unreadable("The reply is not a tax transaction")),
        (http_reply([1]), unreadable("The reply is not a tax transaction")),
        (http_reply({"lines": TRANSACTION["lines"][:2]}), unreadable("The reply is not a tax transaction")),
    ],
)
async def test_a_reply_that_is_no_transaction_is_named_as_javascript_names_it(reply: bytes, wording: Wording):
    answer, server = await ask(reply)
    assert answer == TaxUnavailable(ASK_AGAIN, wording(server.url + PATH))


@pytest.mark.parametrize("figure", ["-1", "1e30", '"NaN"', '"sNaN"', '"Infinity"'])
async def test_an_impossible_figure_is_no_quote(figure: str):
    lines = ", ".join(f'{{"lineNumber": "{number}", "tax": {figure}}}' for number in range(3))
    answer, server = await ask(http_reply(f'{{"lines": [{lines}]}}'.encode()))
    assert answer == TaxUnavailable(
        ASK_AGAIN, unreadable("The reply is not a tax transaction")(server.url + PATH)
    )


async def test_a_duty_greater_than_its_lines_tax_is_no_quote():
    lines = [{"lineNumber": str(number), "tax": 1, "details": [DUTY]} for number in range(3)]
    answer, server = await ask(http_reply({"lines": lines}))
    assert answer == TaxUnavailable(
        ASK_AGAIN, unreadable("The reply is not a tax transaction")(server.url + PATH)
    )


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
async def test_a_lost_connection_hung_up(reply: bytes):
    answer, server = await ask(reply)
    url = server.url + PATH
    assert answer == TaxUnavailable(ASK_AGAIN, f"FetchError: request to {url} failed, reason: socket hang up")


async def test_a_refused_connection_is_named_with_host_and_port():
    port = await unused_port()
    async with gateway(f"http://127.0.0.1:{port}") as avatax:
        answer = await avatax.quote(QUERY)
    url = f"http://127.0.0.1:{port}{PATH}"
    reason = f"connect ECONNREFUSED 127.0.0.1:{port}"
    assert answer == TaxUnavailable(ASK_AGAIN, f"FetchError: request to {url} failed, reason: {reason}")


async def test_a_host_that_does_not_exist_is_not_found():
    async with gateway("http://avatax.invalid") as avatax:
        answer = await avatax.quote(QUERY)
    reason = "getaddrinfo ENOTFOUND avatax.invalid"
    url = f"http://avatax.invalid{PATH}"
    assert answer == TaxUnavailable(ASK_AGAIN, f"FetchError: request to {url} failed, reason: {reason}")


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"])
async def test_silence_is_a_timeout(begun: bytes):
    answer, server = await ask(begun, silent=True, limit=0.2)
    assert answer == TaxUnavailable(ASK_AGAIN, f"FetchError: network timeout at: {server.url}{PATH}")


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"])
async def test_a_call_that_gives_up_by_itself_says_the_same(begun: bytes):
    """Its thread has a limit of its own, which strikes first where the loop is late."""
    async with raw_server(begun, silent=True) as server, gateway(server.url, 60) as avatax:
        session = requests.Session()
        with pytest.raises(requests.RequestException) as raised:
            await asyncio.to_thread(session.post, f"{server.url}{PATH}", json={}, timeout=0.2)
        session.close()
        told = unavailable_because(raised.value, avatax.url)
    assert told == TaxUnavailable(ASK_AGAIN, f"FetchError: network timeout at: {server.url}{PATH}")


async def test_waiting_for_a_thread_counts_as_waiting():
    calls = 20 * THREADS
    async with raw_server(b"", silent=True) as server, gateway(server.url, 0.3) as avatax:
        answers = await asyncio.gather(*(avatax.quote(QUERY) for _ in range(calls)))
    assert set(answers) == {TaxUnavailable(ASK_AGAIN, f"FetchError: network timeout at: {server.url}{PATH}")}
    assert server.connections < calls, "who waited for a thread until the time was over asks no more"


async def test_credentials_in_the_base_url_are_shown_to_nobody():
    async with raw_server(http_reply(HTML)) as server:
        base_url = server.url.replace("//", "//user:secret@") + "/"
        async with gateway(base_url) as avatax:
            answer = await avatax.quote(QUERY)
    assert isinstance(answer, TaxUnavailable)
    assert answer.detail.startswith(f"FetchError: invalid json response body at {server.url}{PATH} ")


@pytest.mark.parametrize(
    "base_url", ["", "ftp://a.test", "a.test", "https://", "http://a.test:0", "http://a.test:65536"]
)
def test_a_base_url_must_be_one_of_http(base_url: str):
    with pytest.raises(ValueError, match=r"http or https|[Pp]ort"):
        AvataxGateway("2000", "KEY", lambda: date(2024, 1, 1), base_url=base_url)
