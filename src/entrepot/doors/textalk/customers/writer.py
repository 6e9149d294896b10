"""Customers as administrators keep them and as they change themselves; passwords come in and never go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.domain.customers.edit import CreateCustomer, RemoveCustomer, SetCustomer
from entrepot.domain.customers.sign_up import CustomerSet
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.doors.kit import Services
from entrepot.doors.kit.admission.passwords import LONGEST, Passwords
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.caller.passwords import why_invalid
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.pattern.row_writer import changes_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.json import Json, is_object
from entrepot.doors.textalk.wire.sentences import say
from entrepot.doors.textalk.wire.settings import SHORTEST_PASSWORD
from entrepot.failures import Overloaded
from entrepot.failures.accounts import PasswordInvalid


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
        return (*missing_email(patch), *faults) if uid is None else faults

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
    return SetCustomer(
        channel=channel, customer=int(uid), fields=fields, session=None if own is None else own.id
    )
