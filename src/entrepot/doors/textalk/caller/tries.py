"""How often passwords and codes may be tried: counted per account and address, for all workers together.

A try is counted before it is made, so that many at once are many; a good one forgets those before it. Whoever tries
too often gets the refusal of a wrong try, with the seconds to wait in a header, and no work is done.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import Final

import msgspec

from entrepot.domain.channels.login_limits import CountTry, ForgetTries
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.kernel.text import folded
from entrepot.doors.textalk.caller.context import Context
from entrepot.engine import Engine
from entrepot.failures import Failure

LOGIN_TRIES: Final = (10, timedelta(minutes=15))
LOGINS_FROM_ADDRESS: Final = (100, timedelta(minutes=15))
CODE_TRIES: Final = (10, timedelta(hours=1))
MAIL_TRIES: Final = (5, timedelta(hours=1))
MAILS_FROM_ADDRESS: Final = (30, timedelta(hours=1))


def subject_of(purpose: str, account: str, address: str) -> bytes:
    """The hash under which tries are counted; it tells neither the account nor the address."""
    return hashlib.sha256(f"{purpose}\0{account}\0{address}".encode("utf-8", "surrogatepass")).digest()


class Limit(msgspec.Struct, frozen=True):
    """So many tries within a time, of what `subject` names."""

    subject: bytes
    tries: tuple[int, timedelta]


def login_limits(context: Context, email: str) -> tuple[Limit, ...]:
    """Of one account from one address, and of any account from one address."""
    shop = str(context.shop.channel)
    return (
        Limit(subject_of("login", f"{shop}\0{folded(email)}", context.address), LOGIN_TRIES),
        Limit(subject_of("logins", shop, context.address), LOGINS_FROM_ADDRESS),
    )


def code_limits(context: Context, purpose: str) -> tuple[Limit, ...]:
    """Of any code from one address."""
    return (Limit(subject_of(purpose, str(context.shop.channel), context.address), CODE_TRIES),)


def mail_limits(context: Context, purpose: str, email: str = "") -> tuple[Limit, ...]:
    """Of mails asked for from one address, and, where one is given, of mails to one address."""
    shop = str(context.shop.channel)
    asked = Limit(subject_of(f"{purpose}-mails", shop, context.address), MAILS_FROM_ADDRESS)
    if not email:
        return (asked,)
    return (asked, Limit(subject_of(purpose, f"{shop}\0{folded(email)}", ""), MAIL_TRIES))


class TryCounter:
    """Counts tries where all workers see them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def count(self, context: Context, limits: tuple[Limit, ...]) -> Failure | None:
        """One more try of each; the failure if one of them was one too many."""
        commands = [CountTry(limit.subject, *limit.tries) for limit in limits]
        outcomes = await asyncio.gather(*(self._engine.execute(context.shop.workspace, c) for c in commands))
        return next((outcome.failures[0] for outcome in outcomes if isinstance(outcome, Refused)), None)

    async def forget(self, context: Context, limits: tuple[Limit, ...]) -> None:
        """The try was good: those before it no longer count, of what is most narrowly limited."""
        await self._engine.execute(context.shop.workspace, ForgetTries(limits[0].subject))
