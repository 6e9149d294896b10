"""What every group of routes does alike: who is admitted, in whose words, and what a silent database comes to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar, cast

from entrepot.domain.kernel.commands import Command, Refused
from entrepot.doors.datamingle import drf
from entrepot.doors.datamingle.admission import Partner, admission
from entrepot.doors.datamingle.cursors import Place, cursor, limit_of, place_of
from entrepot.doors.datamingle.failures import refusal
from entrepot.doors.datamingle.mapped import Speeches
from entrepot.doors.kit import (
    Answer,
    Door,
    GuardedEndpoint,
    Keeps,
    Operation,
    Reply,
    Request,
    Resource,
    Services,
    content_type_is_json,
    decode_json,
    encode,
    silent,
)
from entrepot.doors.kit.checking import Body, check
from entrepot.doors.kit.wire import beside
from entrepot.failures import Failure, UnsupportedMediaType
from entrepot.failures.orders import InvalidInput
from entrepot.failures.partners import BodyNoObject, CursorInvalid
from entrepot.store.connections import FAULTS
from entrepot.store.queries.workspaces import workspace_secret

NO_DATA = "No data provided"
PREFIX = "/api/integrations/v1"
MOST_VALUES = 250_000
"""About how many values a body may hold: ten thousand counts have room, each with members of the partner's own."""
KEPT = Keeps(request=(), reply=(), query=frozenset({"limit", "cursor", "by"}))
"""What logs may keep: partners' bodies hold no secret, and a cursor opens nothing to another key."""
Handler = Callable[[Request, Partner], Awaitable[Answer]]
T = TypeVar("T")


class Routes(ABC):
    """The routes of one resource."""

    resource: ClassVar[str]

    def __init__(self, services: Services, door: Door, speeches: Speeches) -> None:
        self.services = services
        self.speeches = speeches
        self.door = door
        self._secrets: dict[int, bytes] = {}

    @abstractmethod
    def resources(self) -> list[Resource]:
        """The paths of the group, relative to the door."""

    def at(self, path: str, **operations: tuple[str, Handler]) -> Resource:
        """A path of the resource with its operations, by method; OPTIONS lists the methods."""
        methods: dict[str, Operation] = {
            method: self._operation(name, handle) for method, (name, handle) in operations.items()
        }
        known = [*operations, "OPTIONS", *(["HEAD"] if "GET" in operations else [])]
        methods["OPTIONS"] = self._operation("options", _options(sorted(known)))
        return Resource(f"{PREFIX}/{self.resource}{path}", methods)

    async def execute(self, partner: Partner, command: Command, kind: type[T]) -> T | Failure:
        """What a command came to, or why it was refused: the failure that counts first."""
        outcome = await self.services.engine.execute(partner.caller.workspace, command)
        if isinstance(outcome, Refused):
            return outcome.failures[0]
        if not isinstance(outcome, kind):
            raise TypeError(f"a command came to {type(outcome).__name__}")
        return outcome

    async def page(
        self, request: Request, partner: Partner, first: Place, name: str | None = None
    ) -> tuple[Place, int] | Failure:
        """After which place a list goes on, and how many a page has."""
        limit, text = limit_of(request.query.get("limit")), request.query.get("cursor")
        if not text:
            return first, limit
        place = place_of(await self._secret(partner), name or self.resource, partner, text)
        return CursorInvalid(text) if place is None else (place, limit)

    async def listed(
        self,
        partner: Partner,
        rows: list[dict[str, Any]],
        places: list[Place],
        limit: int,
        name: str | None = None,
        *,
        own: bool = False,
    ) -> Reply:
        """A page of records, of which one more was read than it has; `own` says that they are in the partner's words.

        `name` is the list's, by default the resource's.
        """
        more = len(rows) > limit
        after = None
        if more:
            after = cursor(await self._secret(partner), name or self.resource, partner, places[limit - 1])
        data = rows[:limit] if own else [partner.speech.outward(row) for row in rows[:limit]]
        page = {"limit": limit, "next_cursor": after}
        return Reply(200, encode({"success": True, "data": data, "pagination": page}))

    async def _secret(self, partner: Partner) -> bytes:
        workspace = partner.caller.workspace
        if workspace not in self._secrets:
            async with self.services.reads.acquire() as connection:
                self._secrets[workspace] = await workspace_secret(connection, workspace)
        return self._secrets[workspace]

    def _operation(self, name: str, handle: Handler) -> Operation:
        admit = admission(self.services, self.speeches, self.resource)
        return GuardedEndpoint(self.door, f"{self.resource}-{name}", admit, _steady(handle), keeps=KEPT)


def _options(methods: list[str]) -> Handler:
    allow = ", ".join(methods).encode()

    async def answer(request: Request, partner: Partner) -> Answer:
        del request, partner
        body = encode({"success": True, "data": {"methods": methods}})
        return Reply(200, body, ((b"allow", allow),))

    return answer


def _steady(handle: Handler) -> Handler:
    """The handler, its refusals in the partner's words, and a temporary one where the database is silent."""

    async def answer(request: Request, partner: Partner) -> Answer:
        try:
            answered = await handle(request, partner)
        except FAULTS as fault:
            answered = silent(fault, request)
        return answered if isinstance(answered, Reply) else refusal(answered, partner.speech)

    return answer


async def checked(
    request: Request,
    body: Body[T],
    partner: Partner,
    *,
    partial: bool = False,
    fixed: drf.Detail | None = None,
) -> T | Failure:
    """The request's body, checked, or why it cannot be used; the `fixed` member may not be in it."""
    return await beside(request.body, lambda: _checked(request, body, partner, partial, fixed))


def _checked(
    request: Request, body: Body[T], partner: Partner, partial: bool, fixed: drf.Detail | None
) -> T | Failure:
    payload = _payload_of(request)
    if isinstance(payload, Failure):
        return payload
    request.mapped = partner.speech.story(request.body, partial=partial)
    payload = partner.speech.inward(payload, partial=partial)
    if isinstance(payload, Failure):
        return payload
    if payload is None:
        return BodyNoObject(NO_DATA)
    if type(payload) is not dict:
        return BodyNoObject(f"Invalid data. Expected a dictionary, but got {_type(payload)}.")
    sent = cast("dict[str, Any]", payload)
    found = check(body, sent, drf.MANNER)
    wrong = drf.details(found.faults, sent)
    if fixed is not None and fixed.path[0] in sent:
        wrong = (*wrong, fixed)
    return InvalidInput(wrong) if found.value is None or wrong else found.value


def _payload_of(request: Request) -> Any | Failure:
    """The JSON value that was sent."""
    if not request.body:
        return BodyNoObject(NO_DATA)
    if not content_type_is_json(request.scope):
        return UnsupportedMediaType(request.media_type)
    return decode_json(request.body, exact=True, most_values=MOST_VALUES)


async def no_body(request: Request) -> Failure | None:
    """What is wrong with a body that says nothing, where there is one."""
    payload = await beside(request.body, lambda: _payload_of(request)) if request.body else None
    return payload if isinstance(payload, Failure) else None


def done(record: dict[str, Any], partner: Partner, status: int = 200) -> Reply:
    """The reply of a success with one record."""
    return Reply(status, encode({"success": True, "data": partner.speech.outward(record)}))


def _type(value: object) -> str:
    name = type(value).__name__
    return "float" if name == "Decimal" else name
