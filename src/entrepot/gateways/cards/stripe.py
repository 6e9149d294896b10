"""Stripe, through its SDK: PaymentIntents with manual capture, refunds, transfers to connected accounts."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar, cast

import httpx
import msgspec

from entrepot.gateways.cards.port import (
    CallFailed,
    ConfirmOutcome,
    CreateIntent,
    CreateOutcome,
    Intent,
    Refund,
    RefundStatus,
    Reversal,
    Transfer,
)
from entrepot.gateways.cards.stripe_amounts import NOT_COUNTED, from_stripe, to_stripe
from entrepot.gateways.cards.stripe_replies import (
    AccountWire,
    IntentWire,
    Problem,
    confirmed,
    intent_of,
    only_failed,
    prepared,
    problem_of,
)
from entrepot.gateways.cards.stripe_transfers import StripeTransfers
from entrepot.gateways.extras import lacking
from entrepot.gateways.http.transport import GuardedTransport
from entrepot.loading import loaded

if TYPE_CHECKING:
    from stripe import HTTPXClient, StripeClient, StripeObject
    from stripe.params import PaymentIntentConfirmParams

T = TypeVar("T")
_EXPAND = ["payment_method"]
_UNEXPECTED_STATE = "payment_intent_unexpected_state"
_MOST = 100
_TOO_MANY = CallFailed("The charge has too many refunds to be looked through.", in_doubt=False)
_NO_ACCOUNT = ("account_invalid", "resource_missing")


class _RefundWire(msgspec.Struct):
    id: str
    amount: int
    currency: str
    status: RefundStatus
    metadata: dict[str, str] = {}

    def __post_init__(self) -> None:
        self.amount = from_stripe(self.amount, self.currency.upper())


class _Refunds(msgspec.Struct):
    data: list[_RefundWire]
    has_more: bool = False


class _Intents(msgspec.Struct):
    data: list[IntentWire]


class StripeCards:
    """One Stripe account, named by its secret key.

    `timeout` is for a whole call, in seconds. The SDK's own retries are off: an unanswered call is in doubt,
    and whoever made it decides how to find out. `api_base` sends the calls elsewhere, for tests; to a private address
    only if that is said.
    """

    def __init__(
        self, api_key: str, api_base: str | None = None, timeout: float = 20.0, *, private: bool = False
    ) -> None:
        self._private = private
        self._api_key = api_key
        self._api_base = api_base
        self._timeout = timeout
        self._opening = asyncio.Lock()
        self._opened: tuple[StripeClient, HTTPXClient] | None = None
        self._transfers = StripeTransfers(self._call)

    async def create_intent(self, request: CreateIntent) -> CreateOutcome:
        """See `CardGateway.create_intent`."""
        told = to_stripe(request.amount, request.currency)
        if told is None:
            return NOT_COUNTED
        reply = await self._call(
            lambda client: client.v1.payment_intents.create_async(
                {
                    "amount": told,
                    "currency": request.currency.lower(),
                    "capture_method": "manual",
                    # Cards only: no method that redirects, so that a confirm needs no return address.
                    "allowed_payment_method_types": ["card"],
                    "metadata": dict(request.metadata),
                    # The transfers of a charge are of its group, by which they are found.
                    "transfer_group": request.key,
                },
                {"idempotency_key": f"{request.key}:create"},
            ),
            IntentWire,
        )
        return intent_of(reply) if isinstance(reply, IntentWire) else only_failed(reply)

    async def confirm(self, intent_id: str, token: str | None, key: str) -> ConfirmOutcome:
        """See `CardGateway.confirm`. Stripe itself takes a `tok_` for used once it was declined."""
        if token is None:
            return await self._prepared(intent_id)
        return await self._confirm(intent_id, _payment_method(token), key, token)

    async def capture(
        self, intent_id: str, amount: int | None = None, *, currency: str | None = None
    ) -> Intent | CallFailed:
        """See `CardGateway.capture`."""
        told = None if amount is None else await self._told(amount, currency, intent_id)
        if isinstance(told, CallFailed):
            return told
        reply = await self._call(
            lambda client: client.v1.payment_intents.capture_async(
                intent_id,
                {"expand": _EXPAND} if told is None else {"expand": _EXPAND, "amount_to_capture": told},
            ),
            IntentWire,
            intent_id,
        )
        return await self._settled(reply, intent_id, "succeeded")

    async def cancel(self, intent_id: str) -> Intent | CallFailed:
        """See `CardGateway.cancel`."""
        reply = await self._call(
            lambda client: client.v1.payment_intents.cancel_async(intent_id), IntentWire, intent_id
        )
        return await self._settled(reply, intent_id, "canceled", "succeeded")

    async def read(self, intent_id: str) -> Intent | CallFailed:
        """See `CardGateway.read`."""
        reply = await self._retrieve(intent_id)
        return intent_of(reply) if isinstance(reply, IntentWire) else reply

    async def find_intent(self, request: CreateIntent) -> Intent | CallFailed | None:
        """See `CardGateway.find_intent`. What Stripe's search finds may be a minute old."""
        marks = (f"metadata['{name}']:'{value}'" for name, value in request.metadata.items())
        reply = await self._call(
            lambda client: client.v1.payment_intents.search_async(
                {"query": " AND ".join(marks), "expand": ["data.payment_method"]}
            ),
            _Intents,
            changes=False,
        )
        if not isinstance(reply, _Intents):
            return only_failed(reply)
        return intent_of(reply.data[0]) if reply.data else None

    async def find_refund(self, intent_id: str, key: str) -> Refund | CallFailed | None:
        """See `CardGateway.find_refund`."""
        reply = await self._call(
            lambda client: client.v1.refunds.list_async({"payment_intent": intent_id, "limit": _MOST}),
            _Refunds,
            intent_id,
            changes=False,
        )
        if not isinstance(reply, _Refunds):
            return only_failed(reply)
        found = next((each for each in reply.data if each.metadata.get("key") == key), None)
        if found is None:
            return _TOO_MANY if reply.has_more else None
        return Refund(found.id, intent_id, found.amount, found.status)

    async def refund(
        self, intent_id: str, amount: int, key: str, *, currency: str | None = None
    ) -> Refund | CallFailed:
        """See `CardGateway.refund`."""
        told = await self._told(amount, currency, intent_id)
        if isinstance(told, CallFailed):
            return told
        reply = await self._call(
            lambda client: client.v1.refunds.create_async(
                {"payment_intent": intent_id, "amount": told, "metadata": {"key": key}},
                {"idempotency_key": f"{key}:refund"},
            ),
            _RefundWire,
            intent_id,
        )
        if not isinstance(reply, _RefundWire):
            return only_failed(reply)
        return Refund(reply.id, intent_id, reply.amount, reply.status)

    async def transfer(self, intent_id: str, account: str, amount: int, key: str) -> Transfer | CallFailed:
        """See `CardGateway.transfer`."""
        intent = await self._retrieve(intent_id)
        return (
            intent
            if isinstance(intent, CallFailed)
            else await self._transfers.make(intent, account, amount, key)
        )

    async def reverse(
        self, intent_id: str, account: str, amount: int, transfer_key: str, key: str
    ) -> Reversal | CallFailed:
        """See `CardGateway.reverse`."""
        intent = await self._retrieve(intent_id)
        if isinstance(intent, CallFailed):
            return intent
        return await self._transfers.reverse(intent, account, amount, transfer_key, key)

    async def payout_ready(self, account: str) -> bool | CallFailed:
        """See `CardGateway.payout_ready`."""
        reply = await self._call(
            lambda client: client.v1.accounts.retrieve_async(account), AccountWire, account, changes=False
        )
        if isinstance(reply, AccountWire):
            return reply.capabilities.transfers == "active"
        failed = only_failed(reply)
        return False if failed.code in _NO_ACCOUNT else failed

    async def close(self) -> None:
        """Close the connections that are kept for later calls."""
        if self._opened is not None:
            _, http = self._opened
            self._opened = None
            await http.close_async()

    async def _prepared(self, intent_id: str) -> ConfirmOutcome:
        intent = await self.read(intent_id)
        return intent if isinstance(intent, CallFailed) else prepared(intent)

    async def _confirm(
        self, intent_id: str, method: "PaymentIntentConfirmParams", key: str, *secrets: str
    ) -> ConfirmOutcome:
        reply = await self._call(
            lambda client: client.v1.payment_intents.confirm_async(
                intent_id,
                # With `use_stripe_sdk` a demand for authentication needs no address to return to.
                {**method, "expand": _EXPAND, "use_stripe_sdk": True},
                {"idempotency_key": f"{key}:confirm"},
            ),
            IntentWire,
            intent_id,
            *secrets,
        )
        return confirmed(intent_of(reply)) if isinstance(reply, IntentWire) else reply

    async def _told(self, amount: int, currency: str | None, intent_id: str) -> int | CallFailed:
        """An amount of an intent as Stripe counts it; whoever does not name the currency has the intent looked at."""
        if currency is None:
            intent = await self._retrieve(intent_id)
            if isinstance(intent, CallFailed):
                return intent
            currency = intent.currency.upper()
        told = to_stripe(amount, currency)
        return NOT_COUNTED if told is None else told

    async def _retrieve(self, intent_id: str) -> IntentWire | CallFailed:
        reply = await self._call(
            lambda client: client.v1.payment_intents.retrieve_async(intent_id, {"expand": _EXPAND}),
            IntentWire,
            intent_id,
            changes=False,
        )
        return reply if isinstance(reply, IntentWire) else only_failed(reply)

    async def _settled(
        self, reply: IntentWire | Problem, intent_id: str, *wanted: str
    ) -> Intent | CallFailed:
        """The intent; also where Stripe refuses because it is already as wanted."""
        if isinstance(reply, IntentWire):
            return intent_of(reply)
        failed = only_failed(reply)
        if failed.code != _UNEXPECTED_STATE:
            return failed
        intent = await self._retrieve(intent_id)
        if isinstance(intent, CallFailed) or intent.lapsed or intent.status not in wanted:
            return failed
        return intent_of(intent)

    async def _call(
        self,
        send: "Callable[[StripeClient], Awaitable[StripeObject]]",
        shape: type[T],
        *secrets: str,
        changes: bool = True,
    ) -> T | Problem:
        """One request, and its reply read as `shape`; everything that can go wrong becomes a value."""
        if why := lacking("stripe"):
            return CallFailed(why, in_doubt=False)
        try:
            client = await self._client()
            async with asyncio.timeout(self._timeout):
                reply = await send(client)
            return msgspec.convert(reply.to_dict(), shape)
        except Exception as error:  # whatever it was: no exception crosses the port
            return problem_of(error, (*secrets, self._api_key), changes=changes)

    async def _client(self) -> "StripeClient":
        async with self._opening:
            if self._opened is None:
                # Importing the SDK takes most of a second, which the event loop cannot spare.
                self._opened = await asyncio.to_thread(loaded, self._open)
            return self._opened[0]

    def _open(self) -> "tuple[StripeClient, HTTPXClient]":
        import stripe

        # On INFO the SDK logs the provider's sentences as they are, with tokens in them.
        logging.getLogger("stripe").setLevel(logging.WARNING)
        http = stripe.HTTPXClient(timeout=self._timeout)
        tls = ssl.create_default_context(cafile=stripe.ca_bundle_path)
        guarded = GuardedTransport(private=self._private, tls=tls)
        # The SDK has no way to hand it a transport; the client that it made has connected nowhere.
        http._client_async = httpx.AsyncClient(transport=guarded, trust_env=False)  # pyright: ignore[reportPrivateUsage]
        client = stripe.StripeClient(
            self._api_key,
            base_addresses={"api": self._api_base} if self._api_base else None,
            max_network_retries=0,
            http_client=http,
        )
        return client, http


def _payment_method(token: str) -> "PaymentIntentConfirmParams":
    if token.startswith("tok_"):
        # The SDK's types leave out this form, which Stripe keeps for tokens of its older libraries.
        data = {"payment_method_data": {"type": "card", "card": {"token": token}}}
        return cast("PaymentIntentConfirmParams", data)
    return {"payment_method": token}
