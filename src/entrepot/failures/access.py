"""Failures of proving who one is."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry, TemporaryFailure


class TooManyTries(TemporaryFailure, frozen=True):
    """A password or code was tried too often from this address.

    The right one is refused too until the time is over, so that guessing tells nothing.
    """

    advice: ClassVar[str] = "Wait for the number of seconds in Retry-After, then try again."
    shopper: ClassVar[bool] = True


class AccountDisabled(Failure, frozen=True):
    """The account is switched off."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "The operator can switch the account on again."


class PartnerUnlinked(Failure, frozen=True):
    """The account stands for no partner."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "The operator must say in the account's settings which partner it is."


class PartnerInactive(Failure, frozen=True):
    """The partner is deactivated."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "The operator can activate the partner again."


class ScopeMissing(Failure, frozen=True):
    """The key may not do this."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Use a key with the scope, or let the operator make one."

    scope: str
    """The scope that is needed."""


class TokenRequestInvalid(Failure, frozen=True):
    """The request for an access token lacks a parameter, has one twice, or says two things at once."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Send grant_type once, as a form, and the client's id and secret once: in Authorization or in the form."
    )

    reason: str
    """What is wrong, in words that contain nothing of the request."""


class GrantTypeUnsupported(Failure, frozen=True):
    """An access token was asked for in a way that this operation does not know."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Ask with grant_type=client_credentials."

    grant_type: str
    """The grant type as received, cut to 100 characters."""


class AccessDenied(Failure, frozen=True):
    """What the request names is there, and is another account's."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Use the credentials of the account that owns it."
