"""Codes by which the door itself refuses, before or beside any failure of the core, and what to do about each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from entrepot.doors.kit import OwnCode
from entrepot.doors.textalk.wire.errors import MESSAGES, Code

_LOOK: Final = "Look at `data`: it has a JSON Pointer to each value that is wrong, and says why."
_ADVICE: Final[Mapping[Code, str]] = {
    Code.METHOD_NOT_FOUND: "Call a method that /textalk/openrpc.json has; some are there for administrators alone.",
    Code.INVALID_PARAMS: (
        "Compare the params with the method's in /textalk/openrpc.json. `data`, if there is some, says what is wrong."
    ),
    Code.RPC_INTERNAL_ERROR: (
        "Try again later. The operator finds the cause in the server's log under the answer's X-Request-Id."
    ),
    Code.WEBSHOP_MISSING: "Name the shop in the query: ?webshop=NUMBER.",
    Code.INVALID_WEBSHOP: "Check the number: no open shop has it.",
    Code.INVALID_LANGUAGE: "Name one of the shop's languages, or none.",
    Code.FORBIDDEN: "Call with an administrator's token, or on the session of the buyer whose object it is.",
    Code.SECURE_CONNECTION_REQUIRED: "Call over https: the shop takes credentials no other way.",
    Code.SESSION_MISSING: "Start a session with Session.create, and name its token in the query: ?session=TOKEN.",
    Code.VALIDATION_ERROR: _LOOK,
    Code.NORMALIZATION_ERROR: _LOOK,
    Code.OBJECT_NOT_FOUND: "Check the uid. What was deleted, or is somebody else's, does not exist for the caller.",
    Code.INVALID_QUERY: _LOOK,
}

OWN_CODES: Final = {str(int(code)): OwnCode(MESSAGES[code], advice) for code, advice in _ADVICE.items()}
"""By code."""
