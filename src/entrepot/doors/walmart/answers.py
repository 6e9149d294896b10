"""From requests to checked bodies, and from what was done to envelopes: what all operations share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar, cast

from entrepot.doors.kit import Reply, Request, content_type_is_json, decode_json, encode
from entrepot.doors.kit.checking import Body, check
from entrepot.doors.walmart.errors import Voice
from entrepot.doors.walmart.words import MANNER
from entrepot.failures import Failure, UnsupportedMediaType

MAX_DEPTH: Final = 20
LONGEST_ATTRIBUTE: Final = 64
MART, BUSINESS_UNIT = "202", "0"
"""What stands in the header of replies for who sends neither."""

B = TypeVar("B")


def decoded(request: Request) -> Any | Failure:
    """The request's body as the JSON value that it is; or why it is none."""
    if not content_type_is_json(request.scope):
        return UnsupportedMediaType(request.media_type[:100])
    return decode_json(request.body, MAX_DEPTH)


def checked(value: object, body: Body[B], voice: Voice) -> B | Failure:
    """A decoded body of the declared form; or all that is wrong with it."""
    result = check(body, value, MANNER)
    return voice.invalid(result.faults, value) if result.value is None else result.value


def members(value: object, *names: str) -> Mapping[str, Any]:
    """The object that stands in a decoded body under these names; empty where none does."""
    for name in names:
        value = cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def mart_of(request: Request, body: object = None) -> str:
    """The mart that a request names, in a header, the query or the body; empty where it names none.

    A header that is there and empty is none, whatever stands elsewhere (decision walmart martId).
    """
    headers = [value for name in ("martId", "wm_mart_id") if (value := request.header(name)) is not None]
    if any(not value.strip() for value in headers):
        return ""
    told = (
        *headers,
        request.query.get("martId"),
        members(body, "header", "headerAttributes").get("martId"),
    )
    found = (str(each).strip() for each in told if isinstance(each, str | int) and not isinstance(each, bool))
    return next(filter(None, found), "")[:LONGEST_ATTRIBUTE]


def attributes(request: Request, body: object = None, **more: int) -> dict[str, Any]:
    """The header of a reply: whose business it is, as the request said it."""
    own = members(body, "header", "headerAttributes").get("buId")
    unit = request.header("buId") or request.query.get("buId") or (own if isinstance(own, str) else "")
    told = {"buId": unit[:LONGEST_ATTRIBUTE] or BUSINESS_UNIT, "martId": mart_of(request, body) or MART}
    return {"headerAttributes": {**told, **more}}


def envelope(status: str, header: object, payload: object, *, http: int = 200, **more: object) -> Reply:
    """A reply in the vendor's wrapper."""
    return Reply(http, encode({"status": status, "header": header, "payload": payload, **more}))
