"""The console's paths. Every page but the doorway's needs a session, and shows its operator's workspaces alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from importlib.resources import files
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrepot.console import doorway, tail
from entrepot.console.doorway import Doorway
from entrepot.console.filters import read_filters
from entrepot.console.log_pages import LogPages
from entrepot.console.rendering import page
from entrepot.engine.guesses import Guesses
from entrepot.failures import Failure, TemporaryFailure
from entrepot.store.connections import FAULTS, Pool
from entrepot.store.queries.operations.operators import Operator, Proof

_HEADERS: Final = (
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
     b" img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    # Not `no-referrer`: with it browsers send forms of our own pages with `Origin: null`.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)  # fmt: skip
_NOT_KEPT: Final = (b"cache-control", b"no-store")
_ASSETS: Final = {
    "console.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
REFUSED: Final = "Name or password is wrong, or there were too many tries. Wait some minutes before the next."

Show = Callable[[Request, Proof], Awaitable[Response]]


class Console:
    """The pages of one worker process."""

    def __init__(
        self,
        reads: Pool,
        books: Pool,
        guesses: Guesses,
        ending: Callable[[], bool],
        dropped: Callable[[], int],
    ) -> None:
        self._doorway = Doorway(books, guesses)
        self._log = LogPages(reads, dropped)
        self._tails = tail.Tails(reads, self._log, ending)

    def app(self) -> ASGIApp:
        """The pages as an ASGI app."""
        routes = [
            Route("/", _to("/console/log")),
            Route("/login", self._log_in, methods=["GET", "POST"]),
            Route("/logout", self._inside(self._log_out), methods=["POST"]),
            Route("/link/{link}", self._link, methods=["GET", "POST"]),
            Route("/log", self._inside(self._log.list)),
            Route("/log/live", self._inside(self._live)),
            Route("/log/{workspace:int}/{at:int}/{number:uuid}", self._inside(self._log.entry)),
            *(Route(f"/{name}", partial(_asset, name)) for name in _ASSETS),
        ]
        errors: dict[Any, Any] = {404: _missing, **dict.fromkeys(FAULTS, _silent)}
        return Starlette(routes=routes, exception_handlers=errors, middleware=[Middleware(_Guarded)])

    def _inside(self, show: Show) -> Callable[[Request], Awaitable[Response]]:
        """A page for operators; others are led to the doorway."""

        async def shown(request: Request) -> Response:
            proof = await self._doorway.who(request)
            return RedirectResponse("/console/login", 303) if proof is None else await show(request, proof)

        return shown

    async def _log_in(self, request: Request) -> Response:
        if not doorway.may_log_in(request):
            return page(
                "plain.html", 403, title="Log in", text="The console needs TLS, or a browser on this machine."
            )
        if request.method != "POST":
            return page("login.html", form={})
        form = await doorway.read_form(request)
        operator = None
        if doorway.is_own_page(request):
            operator = await self._doorway.log_in(
                form.get("workspace", ""),
                form.get("name", ""),
                form.get("password", ""),
                doorway.address_of(request),
            )
        if not isinstance(operator, Operator):
            return _waiting(page("login.html", 401, form=form, fault=REFUSED), operator)
        return await self._welcome(request, operator)

    async def _link(self, request: Request) -> Response:
        link = request.path_params["link"]
        proof = None
        if doorway.may_log_in(request):
            proof = await self._doorway.invited(link, doorway.address_of(request))
        if not isinstance(proof, Proof):
            text = "This link was used, or its hour is over. `entrepot operators link NAME` makes another."
            return _waiting(page("plain.html", 404, title="No such link", text=text), proof)
        if request.method != "POST":
            return page("link.html", name=proof.operator.name)
        form = await doorway.read_form(request)
        fault = doorway.why_unfit(form.get("password", ""), form.get("again", ""))
        if fault or not doorway.is_own_page(request):
            return page(
                "link.html", 400, name=proof.operator.name, fault=fault or "The form came from elsewhere."
            )
        operator = await self._doorway.accept(link, form["password"])
        return (
            RedirectResponse("/console/login", 303)
            if operator is None
            else await self._welcome(request, operator)
        )

    async def _welcome(self, request: Request, operator: Operator) -> Response:
        response = RedirectResponse("/console/log", 303)
        await self._doorway.open_session(operator, request, response)
        return response

    async def _log_out(self, request: Request, proof: Proof) -> Response:
        form = await doorway.read_form(request)
        if not doorway.is_own_page(request) or not doorway.is_token(proof, form.get("csrf", "")):
            return page(
                "plain.html", 403, title="Not done", text="The form came from elsewhere, or is too old."
            )
        response = RedirectResponse("/console/login", 303)
        await self._doorway.log_out(request, response)
        return response

    async def _live(self, request: Request, proof: Proof) -> Response:
        async def still_there() -> bool:
            return await self._doorway.who(request) is not None

        seen = request.query_params.get("seen", "")
        return await self._tails.stream(read_filters(request.query_params), seen, proof, still_there)


class _Guarded:
    """Headers of every page: nothing from outside, no script within it, and no copy kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = any(name == b"cache-control" for name, _ in message["headers"])
                own = _HEADERS if kept else (*_HEADERS, _NOT_KEPT)
                message = {**message, "headers": [*message["headers"], *own]}
            await send(message)

        await self._app(scope, receive, with_headers)


def _waiting(response: Response, failure: Failure | None) -> Response:
    """A refusal, with the seconds to wait where there is a time to."""
    if isinstance(failure, TemporaryFailure):
        response.headers["retry-after"] = str(failure.retry_after)
    return response


def _to(path: str) -> Callable[[Request], Awaitable[Response]]:
    async def led(_: Request) -> Response:
        return RedirectResponse(path, 303)

    return led


async def _asset(name: str, _: Request) -> Response:
    content = files("entrepot.console").joinpath("static", name).read_bytes()
    return Response(content, media_type=_ASSETS[name], headers={"cache-control": "no-cache"})


async def _missing(_request: Request, _error: Exception) -> Response:
    return page(
        "plain.html", 404, title="Not found", text="There is no such page, or it is not yours to see."
    )


async def _silent(_request: Request, _error: Exception) -> Response:
    return page("plain.html", 503, title="Later", text="The database does not answer at the moment.")
