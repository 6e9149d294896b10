"""The context parameters of a request or handshake: query before cookie, empty is absent (decision textalk item 9)."""

from typing import Final

from starlette.requests import cookie_parser

from entrepot.doors.kit import Request, content_type_is_json
from entrepot.doors.textalk.caller.context import RawContext

_AUTHORITY: Final = frozenset({"auth", "session"})


def raw_context(request: Request, *, from_form: bool = False) -> RawContext:
    """The context as given. `from_form` says that any site could have made a browser send this request."""
    cookies = cookie_parser(request.header("cookie") or "")
    authority = not from_form and _is_same_origin(request)

    def given(name: str) -> str | None:
        in_cookie = cookies.get(name) if authority or name not in _AUTHORITY else None
        return request.query.get(name) or in_cookie or None

    return RawContext(
        webshop=given("webshop"),
        language=given("language"),
        auth=given("auth"),
        session=given("session"),
        vat_country=given("vat_country"),
        secure=_is_secure(request),
        address=request.client or "",
        request=request,
    )


def may_be_form(request: Request) -> bool:
    """Whether a plain form could have sent it: a browser sends JSON to another origin only after asking."""
    return not content_type_is_json(request.scope) and request.media_type != "application/json-rpc"


def _is_secure(request: Request) -> bool:
    """The server has already rewritten the scheme for trusted proxies."""
    return request.scope["scheme"] in {"https", "wss"}


def _is_same_origin(request: Request) -> bool:
    """Cookies carry authority for the page's own origin only (decision textalk second reading 9)."""
    if request.header("sec-fetch-site") not in {None, "same-origin"}:
        return False
    origin = request.header("origin")
    scheme = "https" if _is_secure(request) else "http"
    return origin is None or origin == f"{scheme}://{request.header('host')}"
