"""What comes back from Stripe as values of the port: its objects, its errors, and the lack of an answer."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

import httpx
import msgspec

from entrepot.gateways.cards.masking import masked
from entrepot.gateways.cards.port import (
    AUTHENTICATION_REQUIRED,
    DECLINED,
    NO_LONGER_VALID,
    NOT_CONFIRMED,
    CallFailed,
    ConfirmOutcome,
    Declined,
    Intent,
    IntentStatus,
    TokenUsed,
)
from entrepot.gateways.cards.stripe_amounts import from_stripe

if TYPE_CHECKING:
    from stripe import StripeError

Problem: TypeAlias = Declined | TokenUsed | CallFailed

# Nothing was sent when one of these stands behind a lost connection; after any other, nobody knows.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_TOKEN_USED_CODES = ("token_already_used", "payment_method_already_used")
_TOKEN_USED_PHRASES = ("may not be used again", "token more than once")


class CardWire(msgspec.Struct):
    """The part of a card that may be shown."""

    brand: str | None = None
    last4: str | None = None


class PaymentMethodWire(msgspec.Struct):
    """A payment method, expanded."""

    card: CardWire | None = None


class IntentWire(msgspec.Struct):
    """A PaymentIntent, as far as it is read here; a reply that lacks a required field is no answer."""

    id: str
    status: IntentStatus
    amount: int
    currency: str
    client_secret: str | None = None
    amount_received: int = 0
    payment_method: PaymentMethodWire | str | None = None
    latest_charge: str | None = None
    cancellation_reason: str | None = None
    transfer_group: str | None = None
    metadata: dict[str, str] = {}

    def __post_init__(self) -> None:
        # From here on amounts are ours; an intent whose amount we cannot count is none that we made.
        self.amount = from_stripe(self.amount, self.currency.upper())
        self.amount_received = from_stripe(self.amount_received, self.currency.upper())

    @property
    def lapsed(self) -> bool:
        """Whether Stripe let it go by itself, when the time to capture it was over."""
        return self.status == "canceled" and self.cancellation_reason == "automatic"


class CapabilitiesWire(msgspec.Struct):
    """What a connected account can do."""

    transfers: str = "inactive"


class AccountWire(msgspec.Struct):
    """A merchant's connected account."""

    id: str
    capabilities: CapabilitiesWire = msgspec.field(default_factory=CapabilitiesWire)


class _ErrorWire(msgspec.Struct):
    error: dict[str, object]


def intent_of(wire: IntentWire) -> Intent:
    """Stripe's PaymentIntent in the port's words."""
    return Intent(
        id=wire.id,
        status=wire.status,
        amount=wire.amount,
        currency=wire.currency.upper(),
        client_secret=wire.client_secret or "",
        description=_description(wire.payment_method),
        captured=wire.amount_received,
        metadata=wire.metadata,
    )


def confirmed(intent: Intent) -> ConfirmOutcome:
    """What a confirm came to: only reserved or taken money is a success."""
    if intent.status in ("requires_capture", "succeeded"):
        return intent
    if intent.status == "requires_action":
        return Declined(AUTHENTICATION_REQUIRED, "authentication_required")
    if intent.status == "processing":
        return CallFailed(None, in_doubt=True, code="processing")
    return Declined(DECLINED, intent.status)


def prepared(intent: Intent) -> ConfirmOutcome:
    """What an intent comes to that the shopper's browser was to confirm."""
    match intent.status:
        case "succeeded":
            return TokenUsed()
        case "requires_payment_method" | "requires_confirmation":
            return Declined(NOT_CONFIRMED, intent.status)
        case "canceled":
            return Declined(NO_LONGER_VALID, intent.status)
        case _:
            return confirmed(intent)


def problem_of(error: Exception, secrets: Iterable[str], *, changes: bool) -> Problem:
    """What an exception of the SDK means. `changes` says whether the request could change anything."""
    import stripe

    if isinstance(error, stripe.APIConnectionError):
        return CallFailed(None, in_doubt=changes and not isinstance(error.__cause__, _NEVER_SENT))
    if not isinstance(error, stripe.StripeError):
        return CallFailed(None, in_doubt=changes)
    message, code = _sentence(error, secrets), _code(error)
    if isinstance(error, stripe.CardError):
        return _declined(message, code)
    if code in _TOKEN_USED_CODES or any(phrase in (message or "") for phrase in _TOKEN_USED_PHRASES):
        return TokenUsed()
    return CallFailed(message, in_doubt=changes and _undecided(error, code), code=code)


def only_failed(problem: Problem) -> CallFailed:
    """The problem of a call that cannot be declined."""
    if isinstance(problem, CallFailed):
        return problem
    message = problem.message if isinstance(problem, Declined) else None
    return CallFailed(message, in_doubt=False, code=problem.code if isinstance(problem, Declined) else None)


def _declined(message: str | None, code: str | None) -> Declined:
    if code == "authentication_required":
        return Declined(AUTHENTICATION_REQUIRED, code)
    return Declined(message or DECLINED, code or "card_declined")


def _undecided(error: "StripeError", code: str | None) -> bool:
    """After 5xx or an unreadable success Stripe may have acted; while a key is in use, it is acting."""
    status = error.http_status
    if status is None or status >= 500 or 200 <= status < 300:
        return True
    return status == 409 and code in ("idempotency_key_in_use", None)


def _sentence(error: "StripeError", secrets: Iterable[str]) -> str | None:
    """Stripe's own sentence; the SDK's, about replies that are none, quotes their body and stays inside."""
    message = _field(error, "message")
    return masked(message, secrets) if message else None


def _code(error: "StripeError") -> str | None:
    return _field(error, "decline_code") or _field(error, "code")


def _field(error: "StripeError", name: str) -> str | None:
    # The SDK leaves `code` out of several of its exceptions; the reply's own error object has it.
    try:
        reply = msgspec.convert(error.json_body, _ErrorWire)
    except msgspec.ValidationError:
        return None
    value = reply.error.get(name)
    return value if isinstance(value, str) else None


def _description(method: PaymentMethodWire | str | None) -> str | None:
    card = method.card if isinstance(method, PaymentMethodWire) else None
    return f"{card.brand} ending in {card.last4}" if card and card.brand and card.last4 else None
