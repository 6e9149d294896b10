"""From failures to DataMingle's errors: one table, from which every refusal of this door is rendered.

Every error has the one envelope, but for who calls and what they may, which is the flat `{"detail": …}`. Details belong
to VALIDATION_ERROR alone, and it has at least one, but for a bad cursor (decision datamingle errors).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, cast, get_args, get_type_hints

import msgspec

from entrepot.domain.orders.records import ALSO_KNOWN_AS
from entrepot.doors.datamingle.drf import Detail, detail, details
from entrepot.doors.datamingle.speech import NON_FIELD, OWN_WORDS, Speech
from entrepot.doors.kit import CHALLENGE, DoorFailures, Header, Reply, Request, Said, encode
from entrepot.doors.kit.checking import Kind, one
from entrepot.failures import (
    BodyBeyondLimits,
    Failure,
    Internal,
    MalformedBody,
    MethodNotAllowed,
    Overloaded,
    PayloadTooLarge,
    RequestTimeout,
    Unauthenticated,
    Unavailable,
    UnknownRoute,
    UnsupportedContentCoding,
    UnsupportedMediaType,
)
from entrepot.failures import access as a
from entrepot.failures import goods as g
from entrepot.failures import orders as o
from entrepot.failures import partners as p
from entrepot.failures import rows as r
from entrepot.failures import stock as s

VALIDATION: Final = "VALIDATION_ERROR"
FIELDS_FAILED: Final = "One or more fields failed validation."
NO_PERMISSION: Final = "You do not have permission to perform this action."

Sentence = Callable[[Any, Speech], str]
Details = Callable[[Any], tuple[Detail, ...]]


class Form(msgspec.Struct, frozen=True):
    """How the door says a failure. Without a `code` it is flat; `details` are the entries of a VALIDATION_ERROR."""

    status: int
    code: str | None
    said: Sentence
    details: Details | None = None


def _flat(status: int, text: str) -> Form:
    return Form(status, None, lambda _, __: text)


def _plain(status: int, code: str, text: str) -> Form:
    return Form(status, code, lambda _, __: text)


def _service(said: Callable[[Any], str]) -> Form:
    return Form(400, "SERVICE_ERROR", lambda failure, _: said(failure))


def _of_body(text: str, why: Callable[[Any], str]) -> Form:
    return Form(400, VALIDATION, lambda _, __: text, lambda failure: (detail(NON_FIELD, why(failure)),))


def _refused_access(failure: Unauthenticated) -> Form:
    return _ACCESS.get(failure.reason, _ACCESS["unknown"])


_ACCESS: Final[dict[str, Form]] = {
    "missing": _flat(403, "Authentication credentials were not provided."),
    "unknown": _flat(401, "Invalid API key"),
    "expired": _flat(401, "API key has expired"),
}


def _number_taken(failure: o.DuplicateExternalOrder) -> Form:
    del failure
    return Form(
        400,
        VALIDATION,
        lambda _, __: FIELDS_FAILED,
        lambda _: (Detail(("order_number",), lambda name: f"order with this {name} already exists."),),
    )


def _name_taken(failure: o.DuplicateExternalOrder) -> Form:
    if failure.kind != ALSO_KNOWN_AS:
        return _number_taken(failure)
    return Form(
        409,
        "DUPLICATE",
        lambda f, speech: (
            f'An order with {speech.name(("external_order_id",))} "{f.external_id}" already exists.'
        ),
    )


def _cannot(what: str, why: str) -> Callable[[Any], str]:
    return lambda failure: f"Order cannot be {what}: {failure.order} is {why or failure.state}"


def _sku(failure: o.LineFailure) -> str:
    return f"SKU not found: {failure.line.variant}"


def _short(failure: o.LineFailure) -> str:
    return f"Not enough stock: {failure.line.variant}"


_UNAVAILABLE: Final = _plain(503, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable.")

TABLE: Final[dict[type[Failure], Form]] = {
    Unauthenticated: _ACCESS["unknown"],
    a.AccountDisabled: _flat(403, "Integrations are disabled for this workspace."),
    a.PartnerUnlinked: _flat(403, "No integration partner is linked to this API key."),
    a.PartnerInactive: _flat(403, "Integration partner is deactivated."),
    a.ScopeMissing: _flat(403, NO_PERMISSION),
    r.StockClosed: _flat(403, NO_PERMISSION),
    r.CatalogueClosed: _flat(403, NO_PERMISSION),
    o.InvalidInput: Form(
        400, VALIDATION, lambda _, __: FIELDS_FAILED, lambda f: cast("tuple[Detail, ...]", f.faults)
    ),
    p.CursorInvalid: Form(400, VALIDATION, lambda f, _: f"Invalid cursor: '{f.cursor}'"),
    p.BodyNoObject: _of_body("Request body must be a JSON object.", lambda f: f.reason),
    p.PayloadUnmappable: Form(
        422, "MAPPING_ERROR", lambda f, _: f"Failed to map inbound payload: {f.reason}"
    ),
    p.RecordTaken: Form(
        409,
        "DUPLICATE",
        lambda f, speech: f'A {f.kind} with {speech.name((f.field,))} "{f.value}" already exists.',
    ),
    g.LocationInUse: _service(lambda f: f"Location cannot be deleted: {f.location} holds stock"),
    s.StockUnknown: _service(lambda _: "There is no location that keeps stock."),
    p.RecordUnknown: Form(404, "NOT_FOUND", lambda f, _: f"{f.kind} not found: {f.identifier}"),
    o.DuplicateExternalOrder: _number_taken(o.DuplicateExternalOrder("")),
    o.OrderUnknown: Form(404, "NOT_FOUND", lambda f, _: f"Order not found: {f.order}"),
    o.SkuUnknown: _service(_sku),
    o.ProductUnavailable: _service(_sku),
    o.SoldOut: _service(_short),
    o.NotEnoughStock: _service(_short),
    o.UnitsSent: _service(_cannot("cancelled", "already shipped")),
    o.NothingToCancel: _service(_cannot("cancelled", "on its way")),
    o.OrderSettled: _service(_cannot("updated", "")),
    o.OrderSourceUnrecognized: _service(lambda f: f"{f.title}."),
    o.OrderTooLarge: _service(lambda f: f"The order is too large: at most {f.largest} {f.what}."),
    MalformedBody: _of_body("Malformed JSON body.", lambda f: f.reason),
    BodyBeyondLimits: _of_body("Malformed JSON body.", lambda f: f.reason),
    RequestTimeout: _plain(408, "REQUEST_TIMEOUT", "The request did not arrive in time."),
    UnknownRoute: _plain(404, "NOT_FOUND", "Not found."),
    MethodNotAllowed: Form(405, "METHOD_NOT_ALLOWED", lambda f, _: f'Method "{f.method}" not allowed.'),
    PayloadTooLarge: _plain(413, "PAYLOAD_TOO_LARGE", "Request body too large."),
    UnsupportedMediaType: Form(
        415, "UNSUPPORTED_MEDIA_TYPE", lambda f, _: f'Unsupported media type "{f.media_type}" in request.'
    ),
    UnsupportedContentCoding: _plain(
        415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported content encoding in request."
    ),
    Overloaded: _UNAVAILABLE,
    Unavailable: _UNAVAILABLE,
    Internal: _plain(500, "INTERNAL_ERROR", "An unexpected error occurred."),
}

_THROTTLED: Final = Form(
    429, None, lambda f, _: f"Request was throttled. Expected available in {f.retry_after} seconds."
)


def _too_much(failure: Overloaded) -> Form:
    return _THROTTLED if failure.cause == "quota" else _UNAVAILABLE


_BY_VALUE: Final[dict[type[Failure], Callable[[Any], Form]]] = {
    Unauthenticated: _refused_access,
    Overloaded: _too_much,
    o.DuplicateExternalOrder: _name_taken,
}
"""Failures whose form hangs on what they hold."""


_BESIDE: Final[dict[int, tuple[Header, ...]]] = {
    401: ((CHALLENGE, b"ApiKey"),),
    429: ((b"x-ratelimit-remaining", b"0"),),
}
"""Headers beside the plain form, by status."""


def render(failure: Failure, request: Request) -> Reply:
    """The refusal of a request that speaks the API's own words."""
    del request
    return refusal(failure, OWN_WORDS)


def refusal(failure: Failure, speech: Speech) -> Reply:
    """The refusal of a request, in the words of whoever sent it."""
    by_value = _BY_VALUE.get(type(failure))
    form = by_value(failure) if by_value else TABLE.get(type(failure)) or TABLE[Internal]
    message = form.said(failure, speech)
    if form.code is None:
        return Reply(form.status, encode({"detail": message}), _BESIDE.get(form.status, ()), failure=failure)
    error: dict[str, Any] = {"code": form.code, "message": message}
    if form.details is not None:
        error["details"] = [_entry(each, speech) for each in form.details(failure)]
    return Reply(form.status, encode({"success": False, "error": error}), failure=failure)


_INVALID: Final = o.InvalidInput(details(one(Kind.REQUIRED).within("order_number"), {}))
_NAMED: Final = o.DuplicateExternalOrder("SO-1", ALSO_KNOWN_AS)


def say(failure: Failure) -> Iterator[Said]:
    """Every form in which the door says it: some hang on what it holds."""
    match failure:
        case o.InvalidInput():
            yield Said(refusal(_INVALID, OWN_WORDS))
        case Unauthenticated():
            for reason in get_args(get_type_hints(Unauthenticated)["reason"]):
                yield Said(refusal(Unauthenticated(reason), OWN_WORDS), f"where the key is {reason}")
        case Overloaded():
            yield Said(refusal(failure, OWN_WORDS))
            used_up = msgspec.structs.replace(failure, cause="quota")
            yield Said(refusal(used_up, OWN_WORDS), "where a quota of requests is used up")
        case o.DuplicateExternalOrder():
            yield Said(refusal(failure, OWN_WORDS), "by its number")
            yield Said(refusal(_NAMED, OWN_WORDS), "by its external_order_id")
        case _:
            yield Said(refusal(failure, OWN_WORDS))


CODES: Final = DoorFailures(
    "datamingle",
    {failure: (form.status, form.code or "-") for failure, form in TABLE.items()},
    say=say,
)


def _entry(each: Detail, speech: Speech) -> dict[str, str]:
    name = speech.name(each.path)
    return {"field": name, "message": each.said(name)}
