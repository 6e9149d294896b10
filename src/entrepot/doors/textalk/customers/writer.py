"""Customers as administrators keep them and as they change themselves; passwords come in and never go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from entrepot.domain.customers.edit import CreateCustomer, RemoveCustomer, SetCustomer
from entrepot.domain.customers.new_email import NewEmail
from entrepot.domain.customers.sign_up import CustomerSet
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.domain.kernel.text import folded
from entrepot.doors.kit import Services
from entrepot.doors.kit.admission.passwords import LONGEST, Passwords
from entrepot.doors.textalk.caller import tokens
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.caller.passwords import why_invalid
from entrepot.doors.textalk.caller.tries import limited, password_try, proof_tries, sender_of
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.pattern.row_writer import changes_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.json import Json, is_object
from entrepot.doors.textalk.wire.sentences import say
from entrepot.doors.textalk.wire.settings import SHORTEST_PASSWORD
from entrepot.failures import Overloaded
from entrepot.failures.accounts import LoginFailed, PasswordInvalid

_KNOWN: Final = """
select email, password_hash from customers where workspace = $1 and channel = $2 and id = $3 and state = 'confirmed'
"""
_OLD_MISSING: Final = Problem("/oldPassword", say("patch.required"))


class CustomerWriter:
    """Writes customers. A buyer changes the one who has logged in, and no other exists for it."""

    def __init__(self, services: Services, passwords: Passwords) -> None:
        self._services = services
        self._passwords = passwords

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Change a customer, or enter one; 1006, 3004, 3005, 9001, 9003."""
        refusal = _refusal(context, uid) or _unaddressed(uid, patch)
        if refusal is not None:
            return refusal
        kept = _kept(context, uid, patch)
        refusal = None if kept is None else await self._unproven(context, kept, patch)
        if refusal is not None:
            return refusal
        fields = await fields_of(self._passwords, decl, patch)
        if isinstance(fields, RpcError):
            return fields
        done = await self._run(context, _command(context, uid, fields))
        return done if isinstance(done, RpcError) else Written(done.customer.id)

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """Remove the customer, whose address is free from then on; 9003."""
        del decl
        command = RemoveCustomer(channel=context.shop.channel, customer=int(uid))
        done = await self._run(context, command)
        return done if isinstance(done, RpcError) else None

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """A missing address, and a password that is too short or too long."""
        del decl
        refusal = _refusal(context, uid)
        if refusal is not None:
            return refusal
        wrong = why_invalid(str(patch["password"])) if "password" in patch else None
        faults = () if wrong is None else (Problem("/password", wrong),)
        kept = None if "oldPassword" in patch else _kept(context, uid, patch)
        known = None if kept is None else await self._known(context, kept)
        if known is not None and known[1] is not None and _changes_login(patch, known[0]):
            faults = (*faults, _OLD_MISSING)
        return (*missing_email(patch), *faults) if uid is None else faults

    async def _known(self, context: Context, uid: int) -> tuple[str, str | None] | None:
        """Address and password's hash of who changes herself; None where the command says that there is nobody."""
        async with self._services.reads.acquire() as connection:
            row = await connection.fetchrow(_KNOWN, context.shop.workspace, context.shop.channel, uid)
        return None if row is None else (row[0], row[1])

    async def _unproven(self, context: Context, uid: int, patch: Mapping[str, Json]) -> RpcError | None:
        """Why she may not change password or address: the old password is missing, wrong, or was tried too often."""
        known = await self._known(context, uid)
        if known is None or not _changes_login(patch, known[0]):
            return None
        poor = poor_password(str(patch["password"])) if "password" in patch else None
        if poor is not None:
            return poor
        wrong = None if known[1] is None else await self._disproven(context, known[0], known[1], patch)
        if wrong is not None or not _moves(patch, known[0]):
            return wrong
        asked = proof_tries(context, "email", email_in(patch))
        over = await self._services.guesses.count(context.shop.workspace, *asked)
        return None if over is None else RpcError(Code.INTERNAL_ERROR, failure=over)

    async def _disproven(
        self, context: Context, email: str, stored: str, patch: Mapping[str, Json]
    ) -> RpcError | None:
        """What is wrong with the old password; one try of it, counted as a log-in."""
        if "oldPassword" not in patch:
            return RpcError(Code.VALIDATION_ERROR, (_OLD_MISSING,))
        if self._passwords.busy:
            return rpc_error(Overloaded(1))
        guess, guesses = password_try(context, email), self._services.guesses
        over = await guesses.count(context.shop.workspace, guess)
        if over is not None:
            return limited(Code.LOGIN_FAILED, over)
        if not await self._passwords.verify(stored, str(patch["oldPassword"])):
            return rpc_error(LoginFailed())
        await guesses.take_back(context.shop.workspace, guess)
        return None

    async def _run(self, context: Context, command: Command) -> CustomerSet | RpcError:
        outcome = await self._services.engine.execute(context.shop.workspace, command)
        if isinstance(outcome, Refused):
            return rpc_error(outcome.failures[0])
        if not isinstance(outcome, CustomerSet):
            raise TypeError(type(outcome))
        return outcome


def missing_email(patch: Mapping[str, Json]) -> tuple[Problem, ...]:
    """What a new customer's patch lacks, beyond what the schema says."""
    info = patch.get("info")
    known = is_object(info) and info.get("email")
    return () if known else (Problem("/info/email", say("patch.required")),)


async def fields_of(
    passwords: Passwords, decl: ClassDecl, patch: Mapping[str, Json]
) -> dict[str, Any] | RpcError:
    """The fields that a patch changes, the password as its hash; 3004."""
    fields = changes_of(decl, patch)
    if "password" not in patch:
        return fields
    hashed = await new_password(passwords, str(patch["password"]))
    return hashed if isinstance(hashed, RpcError) else {**fields, "password_hash": hashed}


async def new_password(passwords: Passwords, password: str) -> str | RpcError:
    """The hash of a new password, or 3004 with the reason."""
    refusal = poor_password(password)
    if refusal is not None:
        return refusal
    return rpc_error(Overloaded(1)) if passwords.busy else await passwords.hash(password)


def poor_password(password: str) -> RpcError | None:
    """3004 with the reason, for what no password may be."""
    wrong = why_invalid(password)
    return (
        None
        if wrong is None
        else RpcError(Code.INVALID_PASSWORD, wrong, PasswordInvalid(SHORTEST_PASSWORD, LONGEST))
    )


def _refusal(context: Context, uid: Uid | None) -> RpcError | None:
    if context.audience is Audience.ADMIN:
        return None
    if uid is None:
        return RpcError(Code.FORBIDDEN)
    own = context.session is not None and context.session.customer == uid
    return None if own else RpcError(Code.OBJECT_NOT_FOUND)


def _unaddressed(uid: Uid | None, patch: Mapping[str, Json]) -> RpcError | None:
    problems = missing_email(patch) if uid is None else ()
    return RpcError(Code.VALIDATION_ERROR, problems) if problems else None


def _command(context: Context, uid: Uid | None, fields: dict[str, Any]) -> Command:
    channel = context.shop.channel
    if uid is None:
        return CreateCustomer(channel=channel, email=fields["info"]["email"], fields=fields)
    own = context.session if context.audience is Audience.BUYER else None
    if own is None:
        return SetCustomer(channel=channel, customer=int(uid), fields=fields)
    new_email = NewEmail(tokens.new_code(tokens.SIGNUP), sender_of(context))
    return SetCustomer(channel=channel, customer=int(uid), fields=fields, session=own.id, new_email=new_email)


def email_in(patch: Mapping[str, Json]) -> str:
    """The address that the patch brings, empty if none."""
    info = patch.get("info")
    email = info.get("email") if is_object(info) else None
    return email if isinstance(email, str) else ""


def _moves(patch: Mapping[str, Json], email: str) -> bool:
    """Whether the patch brings another address than this one."""
    wanted = email_in(patch)
    return bool(wanted) and folded(wanted) != folded(email)


def _changes_login(patch: Mapping[str, Json], email: str) -> bool:
    """Whether the patch changes what its customer, who goes by this address, logs in with."""
    return "password" in patch or _moves(patch, email)


def _kept(context: Context, uid: Uid | None, patch: Mapping[str, Json]) -> int | None:
    """The customer who changes herself in what logs her in, if the patch may do so."""
    may = "password" in patch or "info" in patch
    return int(uid) if uid is not None and may and context.audience is not Audience.ADMIN else None
