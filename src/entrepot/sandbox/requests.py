"""From the bodies of requests to what they order; what is wrong with them, in words."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import jsonschema_rs
import msgspec

from entrepot.doors.kit import Request, decode_json
from entrepot.failures.service import BodyBeyondLimits, MalformedBody
from entrepot.registry import DOORS
from entrepot.sandbox.register import FaultOrder
from entrepot.sandbox.targets import ENGINE, LINE, READS, RULE, targets
from entrepot.sandbox.wrapped.quotas import QuotaOrder
from entrepot.store.connections import Connection
from entrepot.worlds import find_workspace

T = TypeVar("T", bound=msgspec.Struct)


class BadRequestError(ValueError):
    """A request that cannot be carried out; the text says why."""


class NotFoundError(LookupError):
    """What a request names is not there; the text says what."""


def read_body(body: bytes, kind: type[T]) -> T:
    """The body as this kind. Raises BadRequestError naming every fault."""
    value = decode_json(body)
    if isinstance(value, MalformedBody | BodyBeyondLimits):
        raise BadRequestError(value.reason)
    faults = [_message(error) for error in _validator(kind).iter_errors(value)]
    if faults:
        raise BadRequestError("; ".join(faults))
    return msgspec.convert(value, kind)


def read_fault(body: bytes) -> FaultOrder:
    """The fault that is ordered. Raises BadRequestError, also for what its target cannot have."""
    order = read_body(body, FaultOrder)
    kinds = targets().get(order.target)
    if kinds is None:
        raise BadRequestError(f"/target: there is no {order.target}; GET /sandbox/faults lists the targets")
    if order.kind not in kinds:
        raise BadRequestError(f"/kind: {order.target} can have {', '.join(kinds)}")
    _check_combination(order)
    return order


def read_quota(body: bytes) -> QuotaOrder:
    """The quota that is ordered. Raises BadRequestError."""
    order = read_body(body, QuotaOrder)
    if order.door not in DOORS:
        raise BadRequestError(f"/door: there is no {order.door}; there are {', '.join(DOORS)}")
    return order


def seconds(text: str, most: int) -> float:
    """A query's whole seconds, at most so many. Raises BadRequestError."""
    if not (text.isascii() and text.isdigit() and len(text) < 5 and int(text) <= most):
        raise BadRequestError(f"?wait: whole seconds from 0 to {most} are expected")
    return float(text)


def _check_combination(order: FaultOrder) -> None:
    if order.at is not None and (order.target, order.kind) != (ENGINE, "drop"):
        raise BadRequestError(f"/at: only {ENGINE} with the kind drop has a moment")
    if order.kind in ("slow", "trickle") and order.delay is None:
        raise BadRequestError(f"/delay: {order.kind} needs it, in seconds")
    if order.delay is not None and order.kind not in ("slow", "timeout", "trickle", "busy"):
        raise BadRequestError(
            "/delay: only slow and timeout wait, trickle takes its time, and busy names one"
        )
    if order.path is not None and not order.target.startswith(LINE):
        raise BadRequestError("/path: only a line sees paths")
    if order.workspace is not None and order.target.startswith(LINE):
        raise BadRequestError("/workspace: on the line nobody knows yet who calls")
    if order.channel is not None and order.workspace is None:
        raise BadRequestError("/channel: its workspace is needed too")
    if order.workspace is not None and order.target == READS:
        raise BadRequestError("/workspace: reads share their connections, whatever the workspace")
    if order.channel is not None and not order.target.startswith(RULE):
        raise BadRequestError(
            "/channel: connections and gateways serve a whole workspace, only rules one channel"
        )


@cache
def schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema of a request's body; what may be left out may not be null."""
    _, parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    result = parts.pop(kind.__name__)
    properties = {name: _not_null(part) for name, part in result["properties"].items()}
    return result | {"properties": properties} | ({"$defs": parts} if parts else {})


def _not_null(part: dict[str, Any]) -> dict[str, Any]:
    choices: list[dict[str, Any]] = part.get("anyOf", [])
    return next((choice for choice in choices if choice != {"type": "null"}), part)


@cache
def _validator(kind: type[msgspec.Struct]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema(kind), mask="the value")


def _message(error: jsonschema_rs.ValidationError) -> str:
    where = "".join(f"/{step}" for step in error.instance_path) or "/"
    return f"{where}: {error.message}"


async def workspace_of(connection: Connection, request: Request) -> int:
    """The workspace that `?workspace=` names. Raises `BadRequestError` without one, `NotFoundError` where it is not."""
    name = request.query.get("workspace")
    if not name:
        raise BadRequestError("?workspace: its name is needed")
    number = await find_workspace(connection, name)
    if number is None:
        raise NotFoundError("there is no workspace of this name")
    return number
