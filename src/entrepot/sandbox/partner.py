"""The simulated partner over HTTP, where an account's endpoint may point: `/sandbox/partner/{workspace}/validate`."""

from __future__ import annotations

import msgspec

from entrepot.doors.kit import CHALLENGE, Reply, Request
from entrepot.gateways.tokens.simulated import SimulatedPartner, answer
from entrepot.sandbox.requests import BadRequestError, NotFoundError
from entrepot.sandbox.sandbox import Sandbox
from entrepot.store.connections import Connection
from entrepot.worlds import find_workspace

LONGEST_TOKEN = 4096
_URL = r"http://[^/\"\s]+/sandbox/partner/"
_ACCOUNTS = """
update channels set settings = regexp_replace(settings::text, $1, $2, 'g')::jsonb where settings::text ~ $1
"""
_RECORDED = "update sandbox_worlds set document = regexp_replace(document, $1, $2, 'g') where document ~ $1"


async def point_here(connection: Connection, url: str) -> None:
    """Lead the accounts that ask a sandbox's simulated partner to the one of this server, whatever its port."""
    for statement in (_ACCOUNTS, _RECORDED):
        await connection.execute(statement, _URL, f"{url}/sandbox/partner/")


class _Question(msgspec.Struct):
    token: str


async def validate(sandbox: Sandbox, request: Request) -> Reply:
    """Say whether the token is on the list of the workspace in the path (decision bonsai U2).

    Raises BadRequestError; NotFoundError for an unknown workspace.
    """
    if not request.header("api-key"):
        challenge = ((CHALLENGE, b'API-Key realm="partner"'),)
        return Reply(401, msgspec.json.encode({"error": "the header API-Key is missing"}), challenge)
    token = _token(request)
    async with sandbox.acquire() as connection:
        workspace = await find_workspace(connection, request.params["workspace"])
    if workspace is None:
        raise NotFoundError("there is no workspace of this name")
    reply = answer(await SimulatedPartner(sandbox, workspace).knows(token))
    return Reply(reply.status, reply.body)


def _token(request: Request) -> str:
    """The token of a GET's query or a POST's body."""
    if request.method != "POST":
        token = request.query.get("token")
    else:
        try:
            token = msgspec.json.decode(request.body, type=_Question).token
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            token = None
    if not token or len(token) > LONGEST_TOKEN:
        raise BadRequestError(f"a token of 1 to {LONGEST_TOKEN} characters is needed")
    return token
