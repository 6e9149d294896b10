"""The parameters that many methods share: their schemas, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from entrepot.doors.textalk.pattern.signatures import QUERY_SCHEMA
from entrepot.doors.textalk.rpc.methods import Param
from entrepot.doors.textalk.wire.errors import Problem, RpcError, invalid_params
from entrepot.doors.textalk.wire.json import Json
from entrepot.doors.textalk.wire.sentences import say

TEXT: Final[Mapping[str, Json]] = {"type": "string"}
NULL: Final[Mapping[str, Json]] = {"type": "null"}
OBJECT: Final[Mapping[str, Json]] = {"type": "object"}
UID: Final[Mapping[str, Json]] = {"type": ["integer", "string"]}
UID_OR_NULL: Final[Mapping[str, Json]] = {"type": ["integer", "string", "null"]}
QUERY: Final = Param("query", QUERY_SCHEMA, required=False)


def argument(params: Sequence[Json], place: int) -> Json:
    """An optional parameter; None where it is absent."""
    return params[place] if place < len(params) else None


def text(params: Sequence[Json], place: int) -> str | RpcError:
    """A parameter that is a text; -32602 for any other."""
    value = params[place]
    if isinstance(value, str):
        return value
    return invalid_params([Problem(f"/{place}", say("patch.type", expected="string"))])
