"""Failures of customers' accounts: signing up, logging in, and the codes that are mailed for it."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry


class LoginFailed(Failure, frozen=True):
    """Nobody who may log in has this address and password.

    An address that is unknown, unconfirmed or not approved is refused like a wrong password.
    """

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask for address and password again, or offer to set a new password."
    shopper: ClassVar[bool] = True


class PasswordInvalid(Failure, frozen=True):
    """A password is too short or too long."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask for a password of an allowed length."
    shopper: ClassVar[bool] = True
    shortest: int
    longest: int
    """In characters, as the other."""


class SignupCodeInvalid(Failure, frozen=True):
    """The code that should confirm an account is unknown or has expired."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Check the code in the mail; after a day sign up anew."
    shopper: ClassVar[bool] = True


class ResetCodeInvalid(Failure, frozen=True):
    """The code for a new password is unknown, used up or has expired."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask for a new code; it is good for an hour and works once."
    shopper: ClassVar[bool] = True


class ConfirmationFailed(Failure, frozen=True):
    """The code is good, but cannot be used any more.

    Its account was confirmed before, was removed, or goes by another address now; or somebody else has confirmed the
    address meanwhile.
    """

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Log in, or sign up anew."
    shopper: ClassVar[bool] = True


class CustomerExists(Failure, frozen=True):
    """A customer of the shop already has this address."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Log in, set a new password, or use another address."
    shopper: ClassVar[bool] = True


class SessionUnknown(Failure, frozen=True):
    """There is no such session, or it has expired."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Open a new session."


class CustomerUnknown(Failure, frozen=True):
    """No customer of the shop has this identifier."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = "Check the customer's identifier."
    customer: str
