"""Failures of the service itself: of the request as a message, of who sends it, and of the platform."""

from __future__ import annotations

from typing import ClassVar, Literal

from entrepot.failures.base import Failure, Retry, TemporaryFailure


class Overloaded(TemporaryFailure, frozen=True):
    """The workspace has more work queued than it may have.

    Nothing was done; the request was refused before it entered the queue.
    """

    advice: ClassVar[str] = "Send the same request again after the number of seconds in Retry-After."
    shopper: ClassVar[bool] = True


class Unavailable(TemporaryFailure, frozen=True):
    """The database does not take requests for the moment.

    It is starting, failing over, full or unreachable. Nothing was done.
    """

    advice: ClassVar[str] = "Send the same request again after the number of seconds in Retry-After."
    shopper: ClassVar[bool] = True


class Internal(Failure, frozen=True):
    """The server met a condition that it did not expect."""

    retry: ClassVar[Retry] = Retry.LATER
    advice: ClassVar[str] = (
        "Try once more; if it fails again, report the X-Request-Id: the log has the cause under it."
    )


class MalformedBody(Failure, frozen=True):
    """The request's body cannot be read in the format that it claims to have."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send a well-formed body in UTF-8."

    reason: str
    """What is wrong, in words that contain nothing of the body."""


class BodyBeyondLimits(Failure, frozen=True):
    """The request's body is well formed, but holds a value beyond what is taken."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = (
        "Send flatter and fewer values, numbers in range, and texts without the character U+0000."
    )

    what: Literal["depth", "number", "character", "values"]
    """What goes beyond: the nesting, the size of a number, a character that no text can hold, or how many values."""
    reason: str
    """The same in words that contain nothing of the body."""
    limit: int | None = None
    """For `depth` and `values`, how many are taken."""


class UnsupportedMediaType(Failure, frozen=True):
    """The request's body has a media type that this operation does not take."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send the body as the documented media type and say so in Content-Type."

    media_type: str
    """The type as received, cut to 100 characters; empty when the header is missing."""


class UnsupportedContentCoding(Failure, frozen=True):
    """The request's body is compressed or encoded otherwise, which no operation takes."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send the body as it is, without Content-Encoding."


class PayloadTooLarge(Failure, frozen=True):
    """The request's body is larger than this operation takes."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send less in one request, or split it into several."

    limit: int
    """The largest body taken, in bytes."""


class RequestTimeout(Failure, frozen=True):
    """The request's body did not arrive within the time limit."""

    retry: ClassVar[Retry] = Retry.LATER
    advice: ClassVar[str] = "Send the whole request again; nothing of it was processed."

    limit: float
    """The time that a body may take, in seconds."""


class UnknownRoute(Failure, frozen=True):
    """There is no operation at this path."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Compare the path, with its version and final slash, with the documentation."


class MethodNotAllowed(Failure, frozen=True):
    """The path exists, but not with this method."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Use one of the methods in the Allow header."

    method: str
    allowed: tuple[str, ...]
    """The methods that the path has, sorted."""


class Unauthenticated(Failure, frozen=True):
    """The request's credential is missing or does not hold."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send a valid, current credential in the documented header."

    reason: Literal["missing", "malformed", "unknown", "expired", "revoked"]


class DeliveryNotParked(Failure, frozen=True):
    """No message that was given up goes by this name."""

    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = (
        "See what is parked with `entrepot outbox list`; it may have been brought back already."
    )

    delivery: str
    """Subject, listener and number of the message."""
