"""What comes back from AvaTax, or does not: JSON as a quote or a refusal, all else as a sentence."""

import json
import socket
import ssl
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urlsplit

import msgspec

from entrepot.domain.kernel.money import rounded
from entrepot.domain.pricing.taxes import TaxLine, TaxQuery, TaxQuote
from entrepot.failures.payments import ASK_AGAIN, TaxRefused, TaxUnavailable
from entrepot.gateways.taxes.port import TaxAnswer

MAX_REPLY_BYTES = 8 * 1024 * 1024
TOO_MANY = 429
"""The status of a request that came too soon after others."""
_DUTY = "LandedCost"
_TOO_MUCH = Decimal(10**12)


# AvaTax writes null for what it does not know, wherever it can.


class _Detail(msgspec.Struct, rename="camel"):
    tax: Decimal | None = None
    tax_type: str | None = None


class _Line(msgspec.Struct, rename="camel"):
    line_number: str
    tax: Decimal
    details: list[_Detail] | None = None


class _ErrorDetail(msgspec.Struct, rename="camel"):
    code: str | None = None
    number: int | None = None
    message: str | None = None
    description: str | None = None
    fault_code: str | None = None
    help_link: str | None = None
    severity: str | None = None


class _Error(msgspec.Struct):
    code: str | None = None
    message: str | None = None
    details: list[_ErrorDetail] | None = None


_TOO_MANY_REQUESTS = _Error("TooManyRequests", "Too many requests.")


class _Reply(msgspec.Struct):
    lines: list[_Line] | None = None
    error: _Error | None = None


_decode = msgspec.json.Decoder(_Reply).decode


def read_reply(body: bytes, query: TaxQuery, url: str, status: int = 200) -> TaxAnswer:
    """Read AvaTax's answer to a query: the body alone says what it is, but for one that is refused by its number."""
    if len(body) > MAX_REPLY_BYTES:
        return _unreadable(url, "The reply is too long")
    try:
        reply = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        if status == TOO_MANY:
            return _refused(_TOO_MANY_REQUESTS)
        return _unreadable(url, _what_json_parse_says(body))
    if reply.error is not None or status == TOO_MANY:
        return _refused(reply.error or _TOO_MANY_REQUESTS)
    return _quote(reply.lines or [], query) or _unreadable(url, "The reply is not a tax transaction")


def unavailable_because(error: Exception, url: str) -> TaxUnavailable:
    """Name the reason why a request brought no reply: the system's own error, which stands behind the library's."""
    if any(isinstance(each, TimeoutError) for each in _causes(error)):
        return TaxUnavailable(ASK_AGAIN, f"FetchError: network timeout at: {url}")
    return TaxUnavailable(ASK_AGAIN, f"FetchError: request to {url} failed, reason: {_reason(error, url)}")


def _reason(error: Exception, url: str) -> str:
    parts = urlsplit(url)
    causes = list(_causes(error))
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"connect ECONNREFUSED {parts.hostname}:{port}"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return f"getaddrinfo ENOTFOUND {parts.hostname}"
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "unable to verify the first certificate"
    return "socket hang up"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk to the system's own error: requests and urllib3 wrap it several times."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _unreadable(url: str, reason: str) -> TaxUnavailable:
    return TaxUnavailable(ASK_AGAIN, f"FetchError: invalid json response body at {url} reason: {reason}")


def _what_json_parse_says(body: bytes) -> str:
    """Name the first fault as JavaScript's JSON.parse does; JSON of another shape has none."""
    text = body.decode("utf-8", "replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as fault:
        if fault.pos >= len(text) or fault.msg.startswith("Unterminated"):
            return "Unexpected end of JSON input"
        return f"Unexpected token {text[fault.pos]} in JSON at position {fault.pos}"
    except (RecursionError, ValueError):
        pass
    return "The reply is not a tax transaction"


def _refused(error: _Error) -> TaxRefused:
    """Take the first detail, which is the cause; one without details says what its head says."""
    detail = error.details[0] if error.details else _ErrorDetail()
    return TaxRefused(
        message=detail.message or error.message or "The tax provider refused the request.",
        code=detail.code or error.code or "",
        number=detail.number or 0,
        description=detail.description or "",
        fault_code=detail.fault_code or "",
        help_link=detail.help_link or "",
        severity=detail.severity or "Error",
    )


def _quote(lines: list[_Line], query: TaxQuery) -> TaxQuote | None:
    """Match lines by their number; a reply that leaves one out, or has an impossible figure, is no quote."""
    by_number = {line.line_number: line for line in lines}
    found = [by_number.get(str(number)) for number in range(len(query.lines) + len(query.shipping))]
    figures = [_figures(line) for line in found if line is not None and _plausible(line)]
    if len(figures) < len(found):
        return None
    goods, shipping = figures[: len(query.lines)], figures[len(query.lines) :]
    return TaxQuote(
        _added(query.lines, [rounded(tax, query.currency) for tax, _ in goods]),
        _added(query.shipping, [rounded(tax + duty, query.currency) for tax, duty in shipping]),
        tuple(rounded(duty, query.currency) for _, duty in goods),
    )


def _plausible(line: _Line) -> bool:
    raw = (line.tax, *_duties(line))
    in_range = all(figure.is_finite() and 0 <= figure < _TOO_MUCH for figure in raw)
    return in_range and sum(raw[1:]) <= line.tax


def _duties(line: _Line) -> list[Decimal]:
    return [detail.tax or Decimal(0) for detail in line.details or () if detail.tax_type == _DUTY]


def _figures(line: _Line) -> tuple[Decimal, Decimal]:
    """Split a line's total into tax and duty; AvaTax counts both in `tax`, apart in the details."""
    duty = sum(_duties(line), Decimal(0))
    return line.tax - duty, duty


def _added(lines: tuple[TaxLine, ...], taxes: list[int]) -> tuple[int, ...]:
    """Leave out what the price holds already."""
    return tuple(0 if line.tax_included else tax for line, tax in zip(lines, taxes, strict=True))
