"""What can be guessed at this door, and by whom it was tried (`engine.guesses`)."""

from __future__ import annotations

from entrepot.domain.kernel.text import folded
from entrepot.doors.textalk.caller.context import Context
from entrepot.engine.guesses import (
    COUPON,
    MAILED,
    MAILS_FROM,
    MAILS_TO,
    PASSWORD,
    Guess,
)


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


def mail_tries(context: Context, purpose: str, email: str = "") -> tuple[Guess, ...]:
    """A mail asked for from an address, and, where one is given, to one address."""
    asked = Guess(MAILS_FROM, f"{_shop(context)}\0{purpose}", context.address)
    if not email:
        return (asked,)
    return (asked, Guess(MAILS_TO, f"{_shop(context)}\0{purpose}\0{folded(email)}", ""))


def _shop(context: Context) -> str:
    return str(context.shop.channel)


def _session(context: Context) -> str:
    return "" if context.session is None else f"{_shop(context)}\0{context.session.id}"
