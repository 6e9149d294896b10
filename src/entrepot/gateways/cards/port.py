"""The port to a card provider: what the platform asks of it, and what it may answer.

The way of a charge is `create_intent` (no token, so that nothing can be charged yet) → `confirm` with the
shopper's token, which reserves the money → `capture`, which takes it; `cancel` lets it go again. Every answer
is a value; no exception crosses the port. Amounts are integers in minor units of their currency, which is an
upper-case ISO 4217 code.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, Protocol, TypeAlias

import msgspec

_NO_ANSWER = "the card provider gave no readable answer"

KEY_LIFE = timedelta(hours=20)
"""How long a key is repeated: providers forget keys after a day, and then the same key would act again."""

AMOUNT_NOT_COUNTED = "amount_not_counted"
"""The code of a call that was never made, since its provider cannot be told such an amount of the currency."""

DECLINED = "Your card was declined."
AUTHENTICATION_REQUIRED = "Your card requires authentication."
NOT_CONFIRMED = "The payment intent has not been confirmed."
NO_LONGER_VALID = "The payment intent has been canceled."

IntentStatus: TypeAlias = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
    "processing",
    "succeeded",
    "canceled",
]

RefundStatus: TypeAlias = Literal["pending", "requires_action", "succeeded", "failed", "canceled"]


class CreateIntent(msgspec.Struct, frozen=True):
    """An intent to charge `amount`, taken only when it is captured.

    `key` names the attempt, 1 to 200 characters; repeating a create with the same key gives the same intent,
    which is how recovery learns an id that it never received. `metadata` is kept with the intent, which is how it
    is found when the key has ended: at most 20 entries, names up to 40 and values up to 500 characters, and nothing
    secret.
    """

    key: str
    amount: int
    currency: str
    metadata: Mapping[str, str] = {}


class Intent(msgspec.Struct, frozen=True):
    """A charge in the making, as the provider last described it.

    `client_secret` lets a shopper's browser confirm the intent and is shown to nobody else. `description`
    names the card for people ("visa ending in 4242") once there is one. `captured` is the money taken so far.
    """

    id: str
    status: IntentStatus
    amount: int
    currency: str
    client_secret: str
    description: str | None = None
    captured: int = 0
    metadata: Mapping[str, str] = {}


class Refund(msgspec.Struct, frozen=True):
    """Money on its way back to the card; `pending` settles later without another call."""

    id: str
    intent_id: str
    amount: int
    status: RefundStatus


class Transfer(msgspec.Struct, frozen=True):
    """Money of one charge handed on to a merchant's payout account."""

    id: str
    account: str
    amount: int
    currency: str


class Reversal(msgspec.Struct, frozen=True):
    """Money of a transfer taken back from a merchant's payout account."""

    id: str
    transfer_id: str
    amount: int


class Declined(msgspec.Struct, frozen=True):
    """The provider answered and refused the charge; `message` may be shown to the shopper."""

    message: str
    code: str


class TokenUsed(msgspec.Struct, frozen=True):
    """The token already paid for something else (decision bonsai U8)."""


class CallFailed(msgspec.Struct, frozen=True):
    """The call itself failed.

    `message` is the provider's own sentence with ids, tokens and keys masked, None where it gave no readable answer.
    `in_doubt` means that what was asked may have happened all the same: read the intent, or repeat the create, to know.
    """

    message: str | None
    in_doubt: bool
    code: str | None = None

    @property
    def unreachable(self) -> bool:
        """Whether the provider was never reached: it cannot have refused anything."""
        return not self.in_doubt and self.message is None and self.code is None

    @property
    def reason(self) -> str:
        """Why the call failed, in words for operators."""
        return self.message or _NO_ANSWER


CreateOutcome: TypeAlias = Intent | CallFailed
ConfirmOutcome: TypeAlias = Intent | Declined | TokenUsed | CallFailed


class CardGateway(Protocol):
    """One account at one card provider. Safe to share between tasks; `close` lets its connections go."""

    async def create_intent(self, request: CreateIntent) -> CreateOutcome:
        """Announce a charge. Same key, same request: same intent; same key, other request: `CallFailed`."""
        ...

    async def confirm(self, intent_id: str, token: str | None, key: str) -> ConfirmOutcome:
        """Reserve the money; an `Intent` means that it is reserved (`requires_capture`) and nothing less.

        Without a token the intent is one that the shopper's browser has to have confirmed: nothing is confirmed here,
        and `Declined` says that it has not. A repeated key gives the first answer again, a decline included. A demand
        for authentication is a decline.
        """
        ...

    async def capture(
        self, intent_id: str, amount: int | None = None, *, currency: str | None = None
    ) -> Intent | CallFailed:
        """Take the reserved money, or `amount` of it and free the rest. A captured intent stays as it is.

        `currency` is the intent's; who does not know it leaves it out.
        """
        ...

    async def cancel(self, intent_id: str) -> Intent | CallFailed:
        """Let the intent go, and what it reserves.

        Answers the intent as it then stands: `canceled`, or `succeeded` when a capture came first and only a
        refund can help. Of one that lapsed by itself there is nothing to let go any more: `CallFailed`.
        """
        ...

    async def read(self, intent_id: str) -> Intent | CallFailed:
        """The intent as it stands. Never in doubt, since reading changes nothing."""
        ...

    async def find_intent(self, request: CreateIntent) -> Intent | CallFailed | None:
        """The intent that this request made, however long ago, or None; never in doubt. For keys that have ended."""
        ...

    async def refund(
        self, intent_id: str, amount: int, key: str, *, currency: str | None = None
    ) -> Refund | CallFailed:
        """Give back `amount` of a captured intent, once per key; never more than was captured in all.

        `currency` is the intent's; who does not know it leaves it out.
        """
        ...

    async def find_refund(self, intent_id: str, key: str) -> Refund | CallFailed | None:
        """What came of a refund that was asked for with this key, however long ago; None: it was never made."""
        ...

    async def transfer(self, intent_id: str, account: str, amount: int, key: str) -> Transfer | CallFailed:
        """Hand `amount` of a captured intent on to a merchant's payout account, once per key, however old it is."""
        ...

    async def reverse(
        self, intent_id: str, account: str, amount: int, transfer_key: str, key: str
    ) -> Reversal | CallFailed:
        """Take back `amount` of the transfer that `transfer_key` made, once per `key`, however old it is.

        `CallFailed` as well where the transfer has not been made, or the account has not so much.
        """
        ...

    async def payout_ready(self, account: str) -> bool | CallFailed:
        """Whether that payout account exists and can be paid (asked before money moves)."""
        ...

    async def close(self) -> None:
        """Let go of what this gateway alone holds."""
        ...
