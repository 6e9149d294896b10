"""What the simulated bank decides: pure functions from records to changed records.

A charge is declined because of the card's state or because its account lacks the funds, for no other reason.
Reserving puts money of an account aside, capturing takes it, cancelling frees it. What the platform holds is
the sum over intents of captured - refunded - transferred, so that no single row is written by every payment. Intents of
the built-in cards, behind which no money stands (`books`), do not count in it.
Law: funds of all accounts + what the platform holds is constant.
"""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec

from entrepot.gateways.cards.port import (
    AUTHENTICATION_REQUIRED,
    DECLINED,
    NO_LONGER_VALID,
    NOT_CONFIRMED,
    CallFailed,
    Declined,
    IntentStatus,
    TokenUsed,
)

LARGEST_AMOUNT = 99_999_999
AUTHORISED_FOR = timedelta(days=7)
"""How long reserved money waits to be captured; then the authorisation lapses, and the money is free again."""
REFUNDABLE_FOR = timedelta(days=180)
"""How long captured money can be given back; then it has been paid out for good."""

CardState: TypeAlias = Literal["ok", "declined", "expired", "requires_authentication", "lost"]


class Card(msgspec.Struct, frozen=True):
    """A card as the bank knows it: by the hash of its token. `used_by` is the intent that it pays for."""

    token_hash: bytes
    account: str
    brand: str
    last4: str
    state: CardState
    reusable: bool
    used_by: str | None = None


class Funds(msgspec.Struct, frozen=True):
    """One account's money in one currency; `reserved` is the part of `balance` that intents hold."""

    account: str
    currency: str
    balance: int
    reserved: int = 0

    @property
    def available(self) -> int:
        """What can still be reserved."""
        return self.balance - self.reserved


class BankIntent(msgspec.Struct, frozen=True):
    """An intent with its money: `captured` came in, `refunded` and `transferred` went out again."""

    id: str
    status: IntentStatus
    amount: int
    currency: str
    client_secret: str
    metadata: str = "{}"
    token_hash: bytes | None = None
    account: str | None = None
    description: str | None = None
    confirmations: int = 0
    captured: int = 0
    refunded: int = 0
    transferred: int = 0
    authorised_until: datetime | None = None
    refundable_until: datetime | None = None


class Change(msgspec.Struct, frozen=True):
    """The records as they shall be, None where unchanged; `refusal` is what the caller hears if refused."""

    intent: BankIntent
    card: Card | None = None
    funds: Funds | None = None
    refusal: Declined | None = None


_STATE_DECLINES: dict[CardState, Declined] = {
    "declined": Declined(DECLINED, "generic_decline"),
    "lost": Declined(DECLINED, "lost_card"),
    "expired": Declined("Your card has expired.", "expired_card"),
}
_INSUFFICIENT = Declined("Your card has insufficient funds.", "insufficient_funds")
_CURRENCY = Declined(DECLINED, "currency_not_supported")
_AUTHENTICATION = Declined(AUTHENTICATION_REQUIRED, "authentication_required")
_UNCONFIRMED = Declined(NOT_CONFIRMED, "requires_payment_method")
_CANCELED = Declined(NO_LONGER_VALID, "canceled")
_CHALLENGE_FAILED = Declined(
    "We are unable to authenticate your payment method. Please choose a different payment method and try"
    " again.",
    "payment_intent_authentication_failure",
)
NO_SUCH_TOKEN = CallFailed("No such token: '<redacted>'", in_doubt=False, code="resource_missing")
NO_SUCH_INTENT = CallFailed("No such payment_intent: '<redacted>'", in_doubt=False, code="resource_missing")
NOT_TRANSFERRED = CallFailed("The transfer has not been made.", in_doubt=False)
NO_SUCH_ACCOUNT = CallFailed("No such destination: '<redacted>'", in_doubt=False, code="resource_missing")
LAPSED = CallFailed(
    "The authorization of this charge has expired.", in_doubt=False, code="charge_expired_for_capture"
)
PAID_OUT = CallFailed(
    "This charge has been paid out and can no longer be refunded.",
    in_doubt=False,
    code="charge_expired_for_refund",
)
KEY_REUSED = CallFailed(
    "Keys for idempotent requests can only be used with the same parameters they were first used with.",
    in_doubt=False,
    code="idempotency_error",
)


def check_amount(amount: int) -> CallFailed | None:
    """Whether the bank takes an amount at all."""
    if amount < 1:
        return CallFailed(
            "This value must be greater than or equal to 1.", False, "parameter_invalid_integer"
        )
    if amount > LARGEST_AMOUNT:
        return CallFailed("Amount must be no more than 99999999.", False, "amount_too_large")
    return None


def lapsed(intent: BankIntent, now: datetime) -> bool:
    """Whether the money is reserved no more, though nobody has let it go."""
    until = intent.authorised_until
    return intent.status == "requires_capture" and until is not None and until <= now


def confirm(
    intent: BankIntent, card: Card | None, funds: Funds | None, now: datetime
) -> Change | TokenUsed | CallFailed:
    """Reserve the intent's amount on the card's account, or say why not. A refused token stays usable."""
    if intent.status not in ("requires_payment_method", "requires_confirmation", "requires_action"):
        return _unexpected("confirm", intent)
    if card is None:
        return NO_SUCH_TOKEN
    if card.used_by is not None:
        return TokenUsed()
    if card.state == "requires_authentication":
        waiting = _with_card(intent, card, "requires_action")
        return Change(waiting, refusal=_AUTHENTICATION)
    return _authorise(intent, card, funds, now)


def confirm_prepared(intent: BankIntent, now: datetime) -> Change | TokenUsed | CallFailed:
    """Go on with an intent that the shopper's browser confirmed already."""
    if lapsed(intent, now) or intent.status == "canceled":
        return Change(intent, refusal=_CANCELED)
    if intent.status == "requires_capture":
        return Change(intent)
    if intent.status == "succeeded":
        return TokenUsed()
    return Change(intent, refusal=_AUTHENTICATION if intent.status == "requires_action" else _UNCONFIRMED)


def answer_challenge(
    intent: BankIntent, approved: bool, card: Card | None, funds: Funds | None, now: datetime
) -> Change | TokenUsed | CallFailed:
    """Go on after the cardholder answered the 3-D Secure demand."""
    if intent.status != "requires_action" or card is None:
        return _unexpected("authenticate", intent)
    if not approved:
        return _refused(intent, _CHALLENGE_FAILED)
    if card.used_by is not None:
        return TokenUsed()
    return _authorise(intent, card, funds, now)


def capture(
    intent: BankIntent, funds: Funds | None, amount: int | None, now: datetime
) -> Change | CallFailed:
    """Take the reserved money, or `amount` of it; the rest is free again."""
    if intent.status == "succeeded":
        return Change(intent)
    if lapsed(intent, now):
        return LAPSED
    if intent.status != "requires_capture" or funds is None:
        return _unexpected("capture", intent)
    taken = intent.amount if amount is None else amount
    if not 1 <= taken <= intent.amount:
        return CallFailed(
            "The amount to capture is not within the authorized amount.", False, "amount_too_large"
        )
    return Change(
        msgspec.structs.replace(
            intent, status="succeeded", captured=taken, refundable_until=now + REFUNDABLE_FOR
        ),
        funds=msgspec.structs.replace(
            funds, balance=funds.balance - taken, reserved=funds.reserved - intent.amount
        ),
    )


def cancel(intent: BankIntent, card: Card | None, funds: Funds | None, now: datetime) -> Change | CallFailed:
    """Let the intent go: its money and its token are free again. A captured one stays as it is."""
    if lapsed(intent, now):
        return LAPSED
    if intent.status in ("succeeded", "canceled"):
        return Change(intent)
    gone = msgspec.structs.replace(intent, status="canceled")
    if intent.status != "requires_capture" or funds is None:
        return Change(gone)
    freed = msgspec.structs.replace(funds, reserved=funds.reserved - intent.amount)
    if card is None or card.used_by != intent.id:
        return Change(gone, funds=freed)
    return Change(gone, msgspec.structs.replace(card, used_by=None), freed)


def refund(intent: BankIntent, funds: Funds | None, amount: int, now: datetime) -> Change | CallFailed:
    """Give back a part of what was captured, never more than all of it."""
    if intent.refundable_until is not None and intent.refundable_until <= now:
        return PAID_OUT
    if intent.status != "succeeded" or funds is None:
        return CallFailed("This PaymentIntent does not have a successful charge to refund.", in_doubt=False)
    if intent.refunded == intent.captured:
        return CallFailed("Charge <redacted> has already been refunded.", False, "charge_already_refunded")
    if not 1 <= amount <= intent.captured - intent.refunded:
        return CallFailed("Refund amount is greater than unrefunded amount on charge.", in_doubt=False)
    return Change(
        msgspec.structs.replace(intent, refunded=intent.refunded + amount),
        funds=msgspec.structs.replace(funds, balance=funds.balance + amount),
    )


def transfer(intent: BankIntent, payout: Funds | None, amount: int) -> Change | CallFailed:
    """Hand a part of what was captured on to a payout account, never more than all of it."""
    if payout is None:
        return NO_SUCH_ACCOUNT
    if not 1 <= amount <= intent.captured - intent.transferred:
        return CallFailed(
            "Transfers using this transaction as a source must not exceed its amount.", in_doubt=False
        )
    return Change(
        msgspec.structs.replace(intent, transferred=intent.transferred + amount),
        funds=msgspec.structs.replace(payout, balance=payout.balance + amount),
    )


def reverse(
    intent: BankIntent, payout: Funds | None, transferred: int, returned: int, amount: int
) -> Change | CallFailed:
    """Take back a part of what was handed on, as far as it was not taken back and the account still has it."""
    if payout is None:
        return NO_SUCH_ACCOUNT
    if not 1 <= amount <= transferred - returned:
        return CallFailed("Transfer reversal amount is greater than the unreversed amount.", in_doubt=False)
    if payout.available < amount:
        return CallFailed(
            "Insufficient funds in the account to reverse the transfer.", False, "balance_insufficient"
        )
    return Change(
        msgspec.structs.replace(intent, transferred=intent.transferred - amount),
        funds=msgspec.structs.replace(payout, balance=payout.balance - amount),
    )


def _authorise(intent: BankIntent, card: Card, funds: Funds | None, now: datetime) -> Change:
    if (decline := _STATE_DECLINES.get(card.state)) is not None:
        return _refused(intent, decline)
    if funds is None:
        return _refused(intent, _CURRENCY)
    if funds.available < intent.amount:
        return _refused(intent, _INSUFFICIENT)
    return Change(
        _with_card(intent, card, "requires_capture", now + AUTHORISED_FOR),
        card=None if card.reusable else msgspec.structs.replace(card, used_by=intent.id),
        funds=msgspec.structs.replace(funds, reserved=funds.reserved + intent.amount),
    )


def _with_card(
    intent: BankIntent, card: Card, status: IntentStatus, until: datetime | None = None
) -> BankIntent:
    return msgspec.structs.replace(
        intent,
        authorised_until=until,
        status=status,
        token_hash=card.token_hash,
        account=card.account,
        description=f"{card.brand} ending in {card.last4}",
    )


def _refused(intent: BankIntent, decline: Declined) -> Change:
    bare = msgspec.structs.replace(
        intent, status="requires_payment_method", token_hash=None, account=None, description=None
    )
    return Change(bare, refusal=decline)


def _unexpected(verb: str, intent: BankIntent) -> CallFailed:
    return CallFailed(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent.status}.",
        in_doubt=False,
        code="payment_intent_unexpected_state",
    )
