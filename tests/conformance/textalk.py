"""The Textalk door as its proofs see it: whole refusals, and a look at the envelope of every reply."""

from __future__ import annotations

import re
from typing import Any

from tests.conformance.harness.client import Reply, Request
from tests.conformance.harness.proof import Check, Expected, assert_same
from tests.support.webshop import PATH

CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "X-Request-Id, Link, Retry-After",
}
SECONDS = re.compile(r"[1-9][0-9]*")

ABSENT: Any = object()


CHALLENGE = {"www-authenticate": 'Token realm="textalk"'}


def refusal(
    code: int,
    message: str,
    data: Any = ABSENT,
    *,
    page: str | None = None,
    wait: bool = False,
    status: int = 200,
    call: Any = 1,
) -> Expected:
    """A whole refusal; `page` is the failure whose help it links to, `wait` says that the reply tells when to retry.

    `call` is the id of the call: null where what was sent has none.
    """
    error = {"code": code, "message": message} | ({} if data is ABSENT else {"data": data})
    link = {} if page is None else {"link": f'</failures/{page}>; rel="help"'}
    later = {"retry-after": SECONDS} if wait else {}
    asked = CHALLENGE if status == 401 else {}
    body = {"jsonrpc": "2.0", "id": call, "error": error}
    return Expected(status, {**CORS, **link, **later, **asked}, body)


def problems(*places: tuple[str, str]) -> list[dict[str, str]]:
    """The `data` of 9001, 9002, 9004 and -32602: pointers and what is wrong there."""
    return [{"message": message, "pointer": pointer} for pointer, message in places]


def answered(result: Any) -> Expected:
    """A whole success."""
    return Expected(200, CORS, {"jsonrpc": "2.0", "id": 1, "result": result})


def answers(result: Any) -> Check:
    """The effect of a success that is nothing but its result."""

    async def check(reply: Reply) -> None:
        assert_same(reply.json, {"jsonrpc": "2.0", "id": 1, "result": result})

    return check


def watch(request: Request, reply: Reply) -> None:
    """Look at a reply's envelope: JSON-RPC 2.0, the call's own id, and either a result or an error."""
    if not request.path.startswith(PATH) or request.method != "POST" or reply.status == 204:
        return
    answers: Any = reply.json
    for answer in answers if isinstance(answers, list) else [answers]:
        assert answer["jsonrpc"] == "2.0", reply.body
        assert answer.keys() in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"}), reply.body
        if "error" in answer:
            assert answer["error"].keys() - {"data"} == {"code", "message"}, reply.body
    if isinstance(request.body, dict) and isinstance(answers, dict):
        assert answers["id"] in (request.body.get("id"), None), reply.body
