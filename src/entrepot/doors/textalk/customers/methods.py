"""Customers on their own behalf: sign-up, log-in, log-out, new passwords (decision textalk item 34, item 35, item 36).

Whether an address is somebody's shows in no answer, save that of signing up, nor in the work: a log-in checks one
password, be there one or not, and whoever asks for a reset has one code and one mail queued.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from entrepot.domain.customers.new_email import ConfirmEmail
from entrepot.domain.customers.password_reset import RequestReset, ResetPassword
from entrepot.domain.customers.sign_up import ConfirmSignup, SignUp
from entrepot.domain.kernel.text import folded
from entrepot.domain.sessions.log_in import LogIn
from entrepot.domain.sessions.sessions import SetSessionCustomer
from entrepot.doors.textalk.caller import tokens
from entrepot.doors.textalk.caller.context import Audience, BuyerSession, Context
from entrepot.doors.textalk.caller.tries import (
    code_try,
    limited,
    password_try,
    proof_tries,
    reset_tries,
    sender_of,
)
from entrepot.doors.textalk.customers.declaration import CUSTOMER
from entrepot.doors.textalk.customers.writer import (
    email_in,
    fields_of,
    missing_email,
    new_password,
    poor_password,
)
from entrepot.doors.textalk.pattern.arguments import NULL, QUERY, TEXT, argument, text
from entrepot.doors.textalk.pattern.dependencies import Parts, session_of
from entrepot.doors.textalk.pattern.methods import read_patch
from entrepot.doors.textalk.pattern.schemas import object_of, patch_schema
from entrepot.doors.textalk.pattern.validation import check_patch
from entrepot.doors.textalk.query import fetch
from entrepot.doors.textalk.query.projection import Projection
from entrepot.doors.textalk.rpc.methods import Handler, Method, Param
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.json import Json
from entrepot.doors.textalk.wire.sentences import say
from entrepot.failures import Overloaded
from entrepot.failures.access import TooManyTries
from entrepot.failures.accounts import ConfirmationFailed, LoginFailed

LONGEST_ADDRESS: Final = 254
_EMAIL, _PASSWORD, _CODE = (
    Param("email", TEXT),
    Param("password", TEXT, secret=True),
    Param("code", TEXT, secret=True),
)
_KNOWN: Final = """
select id, password_hash from customers
where workspace = $1 and channel = $2 and email_folded = $3 and state = 'confirmed' and approved
"""

_PROVES: Final = """
select kind, email from one_time_codes where workspace = $1 and channel = $2 and hash = $3 and email is not null
"""


def methods(parts: Parts) -> Iterator[Method]:
    """Customer.signup, confirmSignup, login, logout, requestPasswordReset and resetPassword."""
    own = _Customers(parts)
    shape = object_of("Customer")
    patch = Param("patch", patch_schema(CUSTOMER, Audience.BUYER, creating=True))
    yield _secret("signup", "An account, to be confirmed by a code", own.sign_up, (patch, QUERY), shape)
    yield _secret(
        "confirmSignup",
        "Confirms an account, or its new address, by its code",
        own.confirm,
        (_CODE, QUERY),
        shape,
    )
    login = _secret("login", "Logs the session in", own.log_in, (_EMAIL, _PASSWORD, QUERY), shape)
    yield msgspec.structs.replace(login, needs_session=True)
    yield Method(
        "Customer.logout", "Logs the session out", own.log_out, (), NULL, needs_session=True, logged=True
    )
    yield _secret("requestPasswordReset", "Mails a code for a new password", own.ask_reset, (_EMAIL,), NULL)
    yield _secret("resetPassword", "Sets a new password by a code", own.reset, (_CODE, _PASSWORD), NULL)


def _secret(
    name: str, summary: str, handler: Handler, params: tuple[Param, ...], result: Mapping[str, Json]
) -> Method:
    return Method(f"Customer.{name}", summary, handler, params, result, carries_credentials=True, logged=True)


class _Customers:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._guesses = parts.services.guesses

    async def sign_up(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[patch, query?]`: 3004, 3005, 9001, 9002, 9004."""
        projection = self._projection(context, argument(params, 1))
        patch = _signup_patch(params[0])
        if isinstance(projection, RpcError):
            return projection
        if isinstance(patch, RpcError):
            return patch
        asked = proof_tries(context, "signup", email_in(patch))
        over = await self._guesses.count(context.shop.workspace, *asked)
        if over is not None:
            return RpcError(Code.INTERNAL_ERROR, failure=over)
        fields = await fields_of(self._parts.passwords, CUSTOMER, patch)
        if isinstance(fields, RpcError):
            return fields
        command = SignUp(
            channel=context.shop.channel,
            email=fields["info"]["email"],
            password_hash=fields["password_hash"],
            fields={"language": context.buyer_language, **fields},
            sender=sender_of(context),
            code=tokens.new_code(tokens.SIGNUP),
        )
        done = await self._parts.run(context, command)
        return (
            done if isinstance(done, RpcError) else await self._answer(context, done.customer.id, projection)
        )

    async def confirm(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[code, query?]`: 3003, 3006, 9004."""
        code = text(params, 0)
        projection = self._projection(context, argument(params, 1))
        if isinstance(code, RpcError):
            return code
        if isinstance(projection, RpcError):
            return projection
        guess = code_try(context, "signup")
        over = await self._guesses.count(context.shop.workspace, guess)
        if over is not None:
            return limited(Code.BAD_SIGNUP_CODE, over)
        done = await self._parts.run(context, await self._confirming(context, code))
        if isinstance(done, RpcError):
            return done
        await self._guesses.take_back(context.shop.workspace, guess)
        answer = await self._answer(context, done.customer.id, projection)
        return rpc_error(ConfirmationFailed()) if _is_gone(answer) else answer

    async def _confirming(self, context: Context, code: str) -> ConfirmSignup | ConfirmEmail:
        """What a code confirms: the account, or a new address of it."""
        shop, digest = context.shop, tokens.hashed(tokens.SIGNUP, code)
        rows = await self._parts.read(_PROVES, shop.workspace, shop.channel, digest)
        kind, email = rows[0] if rows else ("signup", "")
        if kind == "signup":
            return ConfirmSignup(channel=shop.channel, hash=digest, email=email)
        return ConfirmEmail(channel=shop.channel, hash=digest, email=email, sender=sender_of(context))

    async def log_in(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[email, password, query?]`: 3001 whatever is wrong, after the same work; 9004."""
        email, password = text(params, 0), text(params, 1)
        projection = self._projection(context, argument(params, 2))
        if isinstance(email, RpcError):
            return email
        if isinstance(password, RpcError):
            return password
        if isinstance(projection, RpcError):
            return projection
        return await self._log_in(context, email, password, projection)

    async def _log_in(
        self, context: Context, email: str, password: str, projection: Projection
    ) -> Json | RpcError:
        guess = password_try(context, email)
        over = await self._guesses.count(context.shop.workspace, guess)
        if over is not None:
            return limited(Code.LOGIN_FAILED, over)
        known = await self._proven(context, email, password)
        if isinstance(known, RpcError):
            return known
        number, stored = known
        command = LogIn(
            channel=context.shop.channel,
            session=session_of(context).id,
            customer=number,
            password_hash=stored,
        )
        done = await self._parts.run(context, command)
        if isinstance(done, RpcError):
            return done
        await self._guesses.take_back(context.shop.workspace, guess)
        answer = await self._answer(context, number, projection)
        return rpc_error(LoginFailed()) if _is_gone(answer) else answer

    async def _proven(self, context: Context, email: str, password: str) -> tuple[int, str] | RpcError:
        """Who goes by this address and password, and the password's hash. One check of one password, always."""
        passwords = self._parts.passwords
        if passwords.busy:
            return rpc_error(Overloaded(1))
        shop = context.shop
        rows = await self._parts.read(_KNOWN, shop.workspace, shop.channel, _address(email))
        number, stored = rows[0] if rows else (0, None)
        right = await passwords.verify(stored, password)
        return (number, stored) if right and stored is not None else rpc_error(LoginFailed())

    async def log_out(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[]`: null."""
        del params
        command = SetSessionCustomer(
            channel=context.shop.channel, session=session_of(context).id, customer=None
        )
        done = await self._parts.run(context, command)
        return done if isinstance(done, RpcError) else None

    async def ask_reset(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[email]`: null, whoever it is, and however often it was asked."""
        email = text(params, 0)
        if isinstance(email, RpcError):
            return email
        over = await self._guesses.count(context.shop.workspace, *reset_tries(context, email))
        if over is not None:
            return None if isinstance(over, TooManyTries) else rpc_error(over)
        code = tokens.new_code(tokens.RESET)
        command = RequestReset(
            channel=context.shop.channel, email=_address(email), code=code, sender=sender_of(context)
        )
        done = await self._parts.run(context, command)
        return done if isinstance(done, RpcError) else None

    async def reset(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[code, password]`: null; 3004 before 3002, so that a poor password costs no try."""
        code, password = text(params, 0), text(params, 1)
        if isinstance(code, RpcError):
            return code
        if isinstance(password, RpcError):
            return password
        poor = poor_password(password)
        if poor is not None:
            return poor
        return await self._reset(context, code, password)

    async def _reset(self, context: Context, code: str, password: str) -> Json | RpcError:
        guess = code_try(context, "reset")
        over = await self._guesses.count(context.shop.workspace, guess)
        if over is not None:
            return limited(Code.BAD_RESET_CODE, over)
        hashed = await new_password(self._parts.passwords, password)
        if isinstance(hashed, RpcError):
            return hashed
        command = ResetPassword(
            channel=context.shop.channel, hash=tokens.hashed(tokens.RESET, code), password_hash=hashed
        )
        done = await self._parts.run(context, command)
        if isinstance(done, RpcError):
            return done
        await self._guesses.take_back(context.shop.workspace, guess)
        return None

    def _projection(self, context: Context, query: Json) -> Projection | RpcError:
        """What a customer would see of itself; without a query the uid."""
        seen = _as_customer(context, 0)
        return self._parts.classes["Customer"].projection(seen, "uid" if query is None else query)

    async def _answer(self, context: Context, customer: int, projection: Projection) -> Json | RpcError:
        reads = self._parts.classes["Customer"].reads
        return await fetch.get(reads, _as_customer(context, customer), projection, customer)


def _is_gone(answer: Json | RpcError) -> bool:
    """Whether somebody was removed before what they had just done could be answered."""
    return isinstance(answer, RpcError) and answer.code is Code.OBJECT_NOT_FOUND


def _signup_patch(raw: Json) -> Mapping[str, Json] | RpcError:
    """The patch in normal form, with an address and a password."""
    patch = read_patch(raw, "/0")
    if isinstance(patch, RpcError):
        return patch
    checked = check_patch(CUSTOMER, Audience.BUYER, patch, creating=True)
    if checked.unconverted:
        return checked.error or patch
    known = {problem.pointer for problem in checked.invalid}
    lacking = [*missing_email(checked.patch)]
    if "password" not in checked.patch:
        lacking.append(Problem("/password", say("patch.required")))
    problems = (*checked.invalid, *(each for each in lacking if each.pointer not in known))
    return RpcError(Code.VALIDATION_ERROR, problems) if problems else checked.patch


def _as_customer(context: Context, customer: int) -> Context:
    """The context in which this customer sees itself; administrators see what they always see."""
    if context.administrator is not None:
        return context
    session = context.session or BuyerSession(id=0, customer=None)
    return msgspec.structs.replace(context, session=msgspec.structs.replace(session, customer=customer))


def _address(email: str) -> str:
    """The address as it is compared; what none can be is nobody's, with the same work."""
    return folded(email) if len(email) <= LONGEST_ADDRESS else ""
