"""The sandbox's own routes under `/sandbox`: world, reset, clock, faults, mailbox, and the simulated partner."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
from starlette.types import ASGIApp

from entrepot.doors.kit import Answer, Door, Endpoint, Observer, Reply, Request, Resource, Router, encode
from entrepot.failures import Failure, TemporaryFailure
from entrepot.failures.service import Unavailable
from entrepot.gateways.mail.simulated import Letter, read_mailbox
from entrepot.sandbox import clock, partner
from entrepot.sandbox.after_sale import ORDER_STEPS, RETURN_STEPS, AfterSale, RefusedError
from entrepot.sandbox.beginning.states import IMPOSSIBLE, MOVING, States
from entrepot.sandbox.explaining.explanations import MOST_REQUESTS
from entrepot.sandbox.idle import wait_until_idle
from entrepot.sandbox.journal import JournalOffError
from entrepot.sandbox.openapi import document
from entrepot.sandbox.register import Fault, FaultOrder, Scope, TooManyFaultsError
from entrepot.sandbox.requests import (
    BadRequestError,
    NotFoundError,
    read_fault,
    read_quota,
    schema,
    seconds,
    workspace_of,
)
from entrepot.sandbox.sandbox import Sandbox
from entrepot.sandbox.sent.deliveries import Deliveries
from entrepot.sandbox.targets import targets
from entrepot.sandbox.world import describe_world
from entrepot.sandbox.wrapped.quotas import Quota, TooManyQuotasError
from entrepot.store.connections import FAULTS, Connection
from entrepot.worlds import find_workspace

BODY_LIMIT = 65_536
MOST_WAIT = 30
"""Seconds for which somebody may wait for a mail, or until nothing goes on."""
LOOK_EVERY = 0.05
_STATUS = {
    "malformed-body": 400,
    "method-not-allowed": 405,
    "payload-too-large": 413,
    "request-timeout": 408,
    "unavailable": 503,
    "unknown-route": 404,
    "unsupported-content-coding": 415,
}
_CHANNELS = "select id from channels where workspace = $1 and name = $2"

Handler = Callable[[Request], Awaitable[Answer]]


class Routes:
    """The operations on one server's sandbox."""

    def __init__(self, sandbox: Sandbox, observe: Observer) -> None:
        self._sandbox = sandbox
        self._faults = sandbox.faults
        self._after_sale = AfterSale(sandbox)
        self._deliveries = Deliveries(sandbox)
        self._of_states = States(sandbox)
        self._door = Door("sandbox", _render, observe, BODY_LIMIT)

    def app(self) -> ASGIApp:
        """The routes as an ASGI app."""
        return Router(self._door, self.resources(), slash_optional=True)

    def resources(self) -> Sequence[Resource]:
        """Every path with its methods."""
        at, sent = self._endpoint, self._deliveries
        validate = at("validate", self._validate)
        faults = {
            "GET": at("faults", self._list_faults),
            "POST": at("add-fault", self._add_fault),
            "DELETE": at("clear-faults", self._clear_faults),
        }
        return [
            Resource("/openapi.json", {"GET": at("openapi", self._describe)}),
            Resource("/world", {"GET": at("world", self._world)}),
            *self._states(),
            Resource("/clock", {"GET": at("clock", self._clock), "POST": at("set-clock", self._set_clock)}),
            Resource("/faults", faults),
            Resource("/faults/{number:int}", {"DELETE": at("remove-fault", self._remove_fault)}),
            *self._of_quotas(),
            Resource("/idle", {"GET": at("idle", self._idle)}),
            Resource("/deliveries", {"GET": at("deliveries", _told(sent.all))}),
            Resource("/deliveries/resend", {"POST": at("resend", _told(sent.resend))}),
            Resource("/mailbox", {"GET": at("mailbox", self._mailbox)}),
            Resource("/explain/{request_id}", {"GET": at("explain", self._explain)}),
            Resource(
                "/requests",
                {"GET": at("requests", self._requests), "DELETE": at("clear-requests", self._clear_requests)},
            ),
            *self._after_the_sale(),
            Resource("/partner/{workspace}/validate", {"GET": validate, "POST": validate}),
        ]

    def _of_quotas(self) -> Iterator[Resource]:
        """How many requests doors take."""
        at = self._endpoint
        quotas = {
            "GET": at("quotas", self._list_quotas),
            "POST": at("add-quota", self._add_quota),
            "DELETE": at("clear-quotas", self._clear_quotas),
        }
        yield Resource("/quotas", quotas)
        yield Resource("/quotas/{number:int}", {"DELETE": at("remove-quota", self._remove_quota)})

    def _states(self) -> Iterator[Resource]:
        """Begin anew, and snapshots."""
        at, states = self._endpoint, self._of_states
        yield Resource("/reset", {"POST": at("reset", _told(states.reset))})
        kept = {
            "GET": at("snapshots", _told(states.snapshots)),
            "POST": at("take-snapshot", _told(states.take, 201)),
        }
        yield Resource("/snapshots", kept)
        yield Resource("/snapshots/{name}", {"DELETE": at("delete-snapshot", _done(states.delete))})
        yield Resource("/snapshots/{name}/restore", {"POST": at("restore-snapshot", _told(states.restore))})

    def _after_the_sale(self) -> Iterator[Resource]:
        """Orders and returns, each step a path of its own."""
        sale = self._after_sale
        yield Resource("/returns", {"POST": self._endpoint("open-return", _told(sale.open, 201))})
        for step in ORDER_STEPS:
            run = _told(partial(sale.order, step))
            yield Resource(f"/orders/{{order}}/{step}", {"POST": self._endpoint(f"order-{step}", run)})
        for step in RETURN_STEPS:
            run = _told(partial(sale.on, step))
            yield Resource(f"/returns/{{id:int}}/{step}", {"POST": self._endpoint(f"return-{step}", run)})

    def _endpoint(self, name: str, handle: Handler) -> Endpoint:
        return Endpoint(self._door, name, partial(_answered, handle))

    async def _describe(self, _: Request) -> Answer:
        return Reply(200, document())

    async def _world(self, _: Request) -> Answer:
        async with self._sandbox.acquire() as connection:
            return _json(200, await describe_world(connection))

    async def _clock(self, _: Request) -> Answer:
        return _json(200, clock.state(self._sandbox.clock))

    async def _set_clock(self, request: Request) -> Answer:
        clock.set_clock(self._sandbox.clock, request.body)
        self._sandbox.clock_was_set()
        return _json(200, clock.state(self._sandbox.clock))

    async def _list_faults(self, _: Request) -> Answer:
        now = self._faults.now()
        shown = [_shown(fault, now) for fault in self._faults.all()]
        return _json(200, {"faults": shown, "targets": targets(), "schema": schema(FaultOrder)})

    async def _add_fault(self, request: Request) -> Answer:
        order = read_fault(request.body)
        async with self._sandbox.acquire() as connection:
            scope = await _scope(connection, order.workspace, order.channel)
        fault = self._faults.add(order, scope)
        return _json(201, _shown(fault, self._faults.now()))

    async def _clear_faults(self, _: Request) -> Answer:
        self._faults.clear()
        return Reply(204)

    async def _remove_fault(self, request: Request) -> Answer:
        if not self._faults.remove(request.params["number"]):
            raise NotFoundError("there is no fault of this number")
        return Reply(204)

    async def _list_quotas(self, _: Request) -> Answer:
        return _json(200, {"quotas": [_shown_quota(each) for each in self._sandbox.quotas.all()]})

    async def _add_quota(self, request: Request) -> Answer:
        return _json(201, _shown_quota(self._sandbox.quotas.add(read_quota(request.body))))

    async def _clear_quotas(self, _: Request) -> Answer:
        self._sandbox.quotas.clear()
        return Reply(204)

    async def _remove_quota(self, request: Request) -> Answer:
        if not self._sandbox.quotas.remove(request.params["number"]):
            raise NotFoundError("there is no quota of this number")
        return Reply(204)

    async def _idle(self, request: Request) -> Answer:
        patience = seconds(request.query.get("wait") or "0", MOST_WAIT)
        waiting = await wait_until_idle(self._sandbox, patience)
        if waiting.over:
            return _json(200, {"idle": True})
        told = {"error": "something still goes on", "idle": False, "waiting": msgspec.to_builtins(waiting)}
        return _json(408, told)

    async def _requests(self, request: Request) -> Answer:
        await self._sandbox.journal.settle()
        async with self._sandbox.acquire() as connection:
            return _json(200, {"requests": await self._sandbox.journal.read(connection, request)})

    async def _clear_requests(self, request: Request) -> Answer:
        await self._sandbox.journal.settle()
        async with self._sandbox.acquire() as connection:
            await self._sandbox.journal.clear(connection, request.query.get("workspace"))
        return Reply(204)

    async def _explain(self, request: Request) -> Answer:
        told = self._sandbox.explanations.of(request.params["request_id"])
        if told is None:
            raise NotFoundError(f"no request of this id is remembered; the latest {MOST_REQUESTS:,} are")
        return _json(200, told)

    async def _mailbox(self, request: Request) -> Answer:
        to, patience = request.query.get("to"), seconds(request.query.get("wait") or "0", MOST_WAIT)
        async with self._sandbox.acquire() as connection:
            letters = await _letters(
                connection, await workspace_of(connection, request), to or None, patience
            )
        return _json(200, {"letters": letters})

    async def _validate(self, request: Request) -> Answer:
        return await partner.validate(self._sandbox, request)


def _told(work: Callable[[Request], Awaitable[dict[str, Any]]], status: int = 200) -> Handler:
    async def handle(request: Request) -> Answer:
        return _json(status, await work(request))

    return handle


def _done(work: Callable[[Request], Awaitable[None]]) -> Handler:
    async def handle(request: Request) -> Answer:
        await work(request)
        return Reply(204)

    return handle


async def _letters(
    connection: Connection, workspace: int, to: str | None, patience: float
) -> Sequence[Letter]:
    """What is in the mailbox, as soon as anything is. Mails are sent after the call that asked for them is answered."""
    deadline = asyncio.get_running_loop().time() + patience
    while not (letters := await read_mailbox(connection, workspace, to)):
        if asyncio.get_running_loop().time() >= deadline:
            break
        await asyncio.sleep(LOOK_EVERY)
    return letters


async def _answered(handle: Handler, request: Request) -> Answer:
    try:
        return await handle(request)
    except BadRequestError as error:
        return _error(400, str(error))
    except TooManyFaultsError:
        return _error(400, "too many faults are active; DELETE /sandbox/faults lifts them")
    except TooManyQuotasError:
        return _error(400, "there are too many quotas; DELETE /sandbox/quotas lifts them")
    except NotFoundError as error:
        return _error(404, str(error))
    except RefusedError as error:
        return _refused(error)
    except IMPOSSIBLE as error:
        return _error(409, str(error))
    except JournalOffError:
        return _error(404, "this server keeps no integration log (--no-integration-log)")
    except (*MOVING, *FAULTS):
        return Unavailable(1)


async def _scope(connection: Connection, workspace: str | None, channel: str | None) -> Scope:
    """The ids behind these names. Raises BadRequestError for a name that nobody has."""
    if workspace is None:
        return Scope()
    number = await find_workspace(connection, workspace)
    if number is None:
        raise BadRequestError("/workspace: there is none of this name")
    if channel is None:
        return Scope(number)
    rows = await connection.fetch(_CHANNELS, number, channel)
    if not rows:
        raise BadRequestError("/channel: the workspace has none of this name")
    return Scope(number, frozenset(row[0] for row in rows))


def _shown(fault: Fault, now: float) -> dict[str, Any]:
    """A fault as it was ordered, how often it struck, and what is left of it."""
    left = None if fault.ends is None else round(max(fault.ends - now, 0), 3)
    return {
        "id": fault.id,
        **msgspec.to_builtins(fault.order),
        "state": "active" if fault.active(now) else "healed",
        "hits": fault.hits,
        "hits_left": fault.hits_left,
        "seconds_left": left,
    }


def _shown_quota(quota: Quota) -> dict[str, Any]:
    """A quota as it was ordered, and what came of it."""
    told = {name: getattr(quota.order, name) for name in quota.order.__struct_fields__}
    return {"id": quota.id, **told, "passed": quota.passed, "refused": quota.refused}


def _render(failure: Failure, _: Request) -> Reply:
    return _error(_STATUS.get(failure.name, 500), failure.title)


def _refused(error: RefusedError) -> Answer:
    """A refusal with the failure's name and context; what passes by itself is said as everywhere."""
    failure = error.failure
    if isinstance(failure, TemporaryFailure):
        return failure
    return _json(409, {"error": failure.title, "failure": failure.name, "context": error.context})


def _error(status: int, text: str) -> Reply:
    return _json(status, {"error": text})


def _json(status: int, value: object) -> Reply:
    return Reply(status, msgspec.json.format(encode(value)) + b"\n")
