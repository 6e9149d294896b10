"""The failure catalogue as pages: what a `Link: rel="help"` header leads to."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.types import Receive, Scope, Send

from entrepot.doors.kit.endpoint import Answer, Bodiless, Door
from entrepot.doors.kit.failing.tables import DoorFailures
from entrepot.doors.kit.failing.telling import examples, how_to_retry, ways, why_not
from entrepot.doors.kit.headers import Header
from entrepot.doors.kit.messages import Reply, Request
from entrepot.doors.kit.observing.exchanges import Observer
from entrepot.doors.kit.observing.keeps import NOTHING
from entrepot.doors.kit.routing import Resource, Router
from entrepot.doors.kit.wire import encode
from entrepot.doors.kit.words import in_words
from entrepot.failures import Failure, UnknownRoute, catalogue

if TYPE_CHECKING:
    from jinja2 import Environment

_HTML = b"text/html; charset=utf-8"
_VARY: tuple[Header, ...] = ((b"vary", b"Accept"),)
_STATUS = {"unknown-route": 404, "method-not-allowed": 405}


class FailurePages:
    """An ASGI app with a list of all failures at `/` and each one at `/{name}`, as HTML or JSON by Accept.

    `/?code=` lists those that some door answers with this code, and what doors themselves mean by it; `door` names one.

    `tables` is asked when a page is shown, so that showing none loads no door.
    """

    def __init__(self, tables: Callable[[], Sequence[DoorFailures]], observe: Observer) -> None:
        self._tables = tables
        door = Door("failures", render_plainly, observe)
        self._router = Router(
            door,
            [
                Resource("/", {"GET": Bodiless(door, "list", self._list, keeps=NOTHING)}),
                Resource("/{name}", {"GET": Bodiless(door, "show", self._show, keeps=NOTHING)}),
            ],
            slash_optional=True,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._router(scope, receive, send)

    def _list(self, request: Request) -> Answer:
        code, door = request.query.get("code"), request.query.get("door")
        tables = [table for table in self._tables() if door in (None, table.door)]
        found = catalogue().values() if code is door is None else with_code(code, tables)
        rows = [{"name": each.name, "title": each.title, "href": f"/failures/{each.name}"} for each in found]
        own = {} if code is None else {"codes": own_codes(code, tables)}
        return page_for(request, "list.html", {"failures": rows, **own})

    def _show(self, request: Request) -> Answer:
        failure = catalogue().get(request.params["name"])
        if failure is None:
            return UnknownRoute()
        return page_for(request, "failure.html", describe(failure, self._tables()))


def with_code(code: str | None, tables: Sequence[DoorFailures]) -> list[type[Failure]]:
    """The failures that some door answers with this code, or with any, in the catalogue's order; in any case."""
    wanted = None if code is None else code.strip().casefold()
    return [
        failure
        for failure in catalogue().values()
        if any(
            failure in table.codes and wanted in (None, table.codes[failure][1].casefold())
            for table in tables
        )
    ]


def own_codes(code: str, tables: Sequence[DoorFailures]) -> list[dict[str, str]]:
    """What doors themselves mean by this code, ready for JSON; case does not matter."""
    wanted = code.strip().casefold()
    return [
        {"door": table.door, "code": known, "title": own.title, "advice": own.advice}
        for table in tables
        for known, own in table.own.items()
        if known.casefold() == wanted
    ]


def describe(failure: type[Failure], tables: Sequence[DoorFailures]) -> dict[str, Any]:
    """All that the catalogue and the doors' tables say about a failure, ready for JSON."""
    return {
        "name": failure.name,
        "title": failure.title,
        "description": inspect.cleandoc(failure.__doc__ or "").partition("\n")[2].strip(),
        "retry": failure.retry.value,
        "again": how_to_retry(failure),
        "advice": failure.advice,
        "shopper": failure.shopper,
        "context": [
            {"name": field.name, "type": in_words(field.type)} for field in msgspec.structs.fields(failure)
        ],
        "doors": [_at_door(failure, table) for table in tables if failure in table.codes],
    }


def _at_door(failure: type[Failure], table: DoorFailures) -> dict[str, Any]:
    status, code = table.codes[failure]
    return {
        "door": table.door,
        "status": status,
        "code": code,
        "expected": failure not in table.unexpected,
        "examples": examples(failure, table),
        "reach": ways(failure, table),
        "why_not": why_not(failure, table),
    }


def page_for(request: Request, template: str, values: dict[str, Any]) -> Reply:
    """What a page holds: as HTML where the request names that first, else as JSON."""
    if not wants_html(request.header("accept") or ""):
        return Reply(200, encode(values), _VARY)
    return Reply(200, render_page(template, values).encode(), _VARY, media_type=_HTML)


def render_page(template: str, values: Mapping[str, Any]) -> str:
    """One of the templates, filled."""
    return _templates().get_template(template).render(values)


def pretty(value: object) -> str:
    """A JSON value over several lines, for people."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def wants_html(accept: str) -> bool:
    """Whether HTML is named, and not after JSON: a browser names it first, a client of an API never."""
    kinds = [kind.partition(";")[0].strip().lower() for kind in accept.split(",")]
    named = [kind for kind in kinds if kind in ("text/html", "application/json")]
    return named[:1] == ["text/html"]


def render_plainly(failure: Failure, _: Request) -> Reply:
    """A refusal of pages that are no vendor's: its name and title."""
    status = _STATUS.get(failure.name, 500)
    return Reply(status, encode({"name": failure.name, "title": failure.title}))


@cache
def _templates() -> Environment:
    # Most processes never show a page to a person; the template engine is loaded for the first one.
    from jinja2 import Environment, PackageLoader

    made = Environment(loader=PackageLoader("entrepot.doors.kit"), autoescape=True)
    made.filters["pretty"] = pretty
    return made
