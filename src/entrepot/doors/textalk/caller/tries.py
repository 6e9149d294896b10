"""What can be guessed at this door, and by whom it was tried (`engine.guesses`)."""

from __future__ import annotations

from entrepot.domain.customers.mails import Sender
from entrepot.domain.kernel.text import folded
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.wire.errors import Code, RpcError
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.settings import webshop_settings
from entrepot.engine.guesses import (
    COUPON,
    MAILED,
    MAILS_FROM,
    MAILS_TO,
    PASSWORD,
    PROOFS_TO,
    Guess,
)
from entrepot.failures import Failure
from entrepot.failures.access import TooManyTries


def password_try(context: Context, email: str) -> Guess:
    """A customer's password."""
    return Guess(PASSWORD, f"{_shop(context)}\0{folded(email)}", context.address, _session(context))


def administrator_try(context: Context, username: str) -> Guess:
    """An administrator's password, whichever shop the call names, if any."""
    return Guess(PASSWORD, f"administrator\0{username.strip().casefold()}", context.address)


def code_try(context: Context, purpose: str) -> Guess:
    """Any code of this purpose that the shop has mailed."""
    return Guess(MAILED, f"{_shop(context)}\0{purpose}", context.address)


def coupon_try(context: Context) -> Guess:
    """Any discount code or gift certificate of the shop."""
    return Guess(COUPON, _shop(context), context.address, _session(context))


def reset_tries(context: Context, email: str) -> tuple[Guess, ...]:
    """A code for a new password, mailed to an address: any of those that were mailed there sets one."""
    target = f"{_shop(context)}\0reset"
    to = Guess(MAILS_TO, f"{target}\0{folded(email)}", "")
    return Guess(MAILS_FROM, target, context.address), to


def proof_tries(context: Context, purpose: str, email: str) -> tuple[Guess, ...]:
    """A code mailed to an address that it proves, for who signs up or moves there."""
    target = f"{_shop(context)}\0{purpose}"
    to = Guess(PROOFS_TO, f"{target}\0{folded(email)}", context.address)
    return to, Guess(MAILS_FROM, target, context.address)


def limited(code: Code, over: Failure) -> RpcError:
    """The refusal of a wrong try, for one too many; another failure is said as it is."""
    return RpcError(code, failure=over) if isinstance(over, TooManyTries) else rpc_error(over)


def sender_of(context: Context) -> Sender:
    """Who mails what the caller asks for, and in which language."""
    shop = webshop_settings(context.shop.settings)
    return Sender(context.buyer_language, {} if shop is None else shop.name)


def _shop(context: Context) -> str:
    return str(context.shop.channel)


def _session(context: Context) -> str:
    return "" if context.session is None else f"{_shop(context)}\0{context.session.id}"
