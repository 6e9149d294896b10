"""Who is at the console: log-in, sessions in cookies, and one-time links."""

from __future__ import annotations

import ipaddress
import secrets
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from entrepot.doors.kit.admission.passwords import LONGEST, Passwords
from entrepot.engine.clock import real_now
from entrepot.engine.guesses import LINK, OF_NO_WORKSPACE, PASSWORD, Guess, Guesses
from entrepot.failures import Failure
from entrepot.store.connections import Pool
from entrepot.store.queries.operations.operators import (
    EVERYWHERE,
    SESSION_LASTS,
    Operator,
    Proof,
    end_proof,
    find_operator,
    find_proof,
    make_proof,
    set_password,
)
from entrepot.store.queries.workspaces import workspace_by_name

SHORTEST: Final = 12
LONGEST_FORM: Final = 10_000
_DIGITS: Final = 9
"""Of a length that is worth reading."""
SECURE_COOKIE: Final = "__Host-entrepot"
PLAIN_COOKIE: Final = "entrepot-loopback"
"""Without TLS, which is allowed on this machine alone."""


class Doorway:
    """Sessions of operators, kept in the database, so that every worker knows them."""

    def __init__(self, books: Pool, guesses: Guesses) -> None:
        self._books = books
        self._guesses = guesses
        self._passwords = Passwords()

    async def who(self, request: Request) -> Proof | None:
        """Who the session in the cookie stands for."""
        secret = request.cookies.get(cookie_name(request))
        if not secret:
            return None
        async with self._books.acquire() as connection:
            return await find_proof(connection, "session", secret, real_now())

    async def log_in(
        self, workspace: str, name: str, password: str, address: str
    ) -> Operator | Failure | None:
        """The operator, if name and password are right and not too many were tried."""
        guess = Guess(PASSWORD, f"operator\0{workspace}\0{name}", address)
        over = await self._guesses.count(OF_NO_WORKSPACE, guess)
        if over is not None:
            return over
        async with self._books.acquire() as connection:
            number = await workspace_by_name(connection, workspace) if workspace else EVERYWHERE
            found = None if number is None else await find_operator(connection, number, name)
        stored = found[1] if found else None
        if (
            self._passwords.busy
            or len(password) > LONGEST
            or not await self._passwords.verify(stored, password)
        ):
            return None
        await self._guesses.take_back(OF_NO_WORKSPACE, guess)
        return found[0] if found else None

    async def open_session(self, operator: Operator, request: Request, response: Response) -> None:
        """Give the browser a session of its own."""
        async with self._books.acquire() as connection:
            secret = await make_proof(connection, operator, "session", real_now())
        response.set_cookie(
            cookie_name(request),
            secret,
            max_age=int(SESSION_LASTS.total_seconds()),
            path="/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )

    async def log_out(self, request: Request, response: Response) -> None:
        """End the session."""
        name = cookie_name(request)
        async with self._books.acquire() as connection:
            await end_proof(connection, "session", request.cookies.get(name, ""))
        response.delete_cookie(
            name, path="/", secure=request.url.scheme == "https", httponly=True, samesite="strict"
        )

    async def invited(self, link: str, address: str) -> Proof | Failure | None:
        """Whom a one-time link is for, if not too many were tried."""
        guess = Guess(LINK, "", address)
        over = await self._guesses.count(OF_NO_WORKSPACE, guess)
        if over is not None:
            return over
        async with self._books.acquire() as connection:
            proof = await find_proof(connection, "link", link, real_now())
        if proof is not None:
            await self._guesses.take_back(OF_NO_WORKSPACE, guess)
        return proof

    async def accept(self, link: str, password: str) -> Operator | None:
        """Use up a link for a password; None where it is over."""
        hashed = await self._passwords.hash(password)
        async with self._books.acquire() as connection:
            return await set_password(connection, link, hashed, real_now())


def cookie_name(request: Request) -> str:
    """What the session's cookie is called here."""
    return SECURE_COOKIE if request.url.scheme == "https" else PLAIN_COOKIE


def may_log_in(request: Request) -> bool:
    """Whether a password may travel: over TLS, or within this machine."""
    return request.url.scheme == "https" or _is_loopback(address_of(request))


def address_of(request: Request) -> str:
    """The caller's network address."""
    return request.client.host if request.client else ""


def is_own_page(request: Request) -> bool:
    """Whether a form was sent by a page of this server, as browsers say."""
    if request.headers.get("sec-fetch-site") not in {None, "same-origin"}:
        return False
    origin = request.headers.get("origin")
    host = request.headers.get("host")
    return origin is None or (bool(host) and _host_of(origin) == host)


def is_token(proof: Proof, given: str) -> bool:
    """Whether a form carries the session's own token."""
    return secrets.compare_digest(proof.csrf.encode(), given.encode("utf-8", "replace"))


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form; none where it is no form, or too long: one that says so is not waited for."""
    announced = request.headers.get("content-length", "0")
    if len(announced) > _DIGITS or not announced.isdecimal() or int(announced) > LONGEST_FORM:
        return {}
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return {}
    try:
        # PostgreSQL's text cannot hold U+0000; its replacement matches nothing, as it should.
        text = body.decode().replace("%00", "%EF%BF%BD").replace("\0", "\ufffd")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=50, errors="strict"))
    except ValueError:
        return {}


def why_unfit(password: str, again: str) -> str:
    """What is wrong with a new password; empty where it may be."""
    if password != again:
        return "The two passwords are not the same."
    if not SHORTEST <= len(password) <= LONGEST:
        return f"A password has {SHORTEST} to {LONGEST} characters."
    return ""


def _host_of(origin: str) -> str:
    """Host and port of an origin; empty where it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
