"""The context parameters of a request or handshake: query before cookie, empty is absent (item 9)."""

from typing import Final

from starlette.requests import HTTPConnection

from entrepot.doors.textalk.context import RawContext

_AUTHORITY: Final = frozenset({"auth", "session"})


def raw_context(connection: HTTPConnection, *, json_body: bool) -> RawContext:
    """The context as given. `json_body` says that the body cannot come from a plain cross-site form."""
    with_authority = json_body and _is_same_origin(connection)

    def given(name: str) -> str | None:
        in_query = connection.query_params.get(name)
        if in_query or (name in _AUTHORITY and not with_authority):
            return in_query or None
        return connection.cookies.get(name) or None

    return RawContext(
        webshop=given("webshop"),
        language=given("language"),
        auth=given("auth"),
        session=given("session"),
        vat_country=given("vat_country"),
        secure=_is_secure(connection),
    )


def is_json(connection: HTTPConnection) -> bool:
    """Whether the body is declared as JSON, which a browser sends to another origin only after asking."""
    media_type = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type in {"application/json", "application/json-rpc"}


def _is_secure(connection: HTTPConnection) -> bool:
    """The server has already rewritten the scheme for trusted proxies."""
    return connection.url.scheme in {"https", "wss"}


def _is_same_origin(connection: HTTPConnection) -> bool:
    """Cookies carry authority for the page's own origin only (second reading 9)."""
    if connection.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = connection.headers.get("origin")
    scheme = "https" if _is_secure(connection) else "http"
    return origin is None or origin == f"{scheme}://{connection.headers.get('host', '')}"
