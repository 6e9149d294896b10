"""Stripe's transfers to connected accounts, and taking them back.

They are asked for again for days, and a key ends after one: what was made before is looked for first, by its mark.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from entrepot.gateways.cards.port import CallFailed, Reversal, Transfer
from entrepot.gateways.cards.stripe_amounts import NOT_COUNTED, from_stripe, to_stripe
from entrepot.gateways.cards.stripe_replies import IntentWire, Problem, only_failed

if TYPE_CHECKING:
    from stripe import StripeClient, StripeObject

T = TypeVar("T")
_MOST = 100
_NO_CHARGE = CallFailed("This PaymentIntent does not have a successful charge.", in_doubt=False)
_NOT_MADE = CallFailed("The transfer has not been made.", in_doubt=False)
_TOO_MANY = CallFailed("The transfer has too many reversals to be looked through.", in_doubt=False)


class _MovedWire(msgspec.Struct):
    """A transfer or a reversal of one. `amount` is read in our minor units, as all amounts of Stripe's."""

    id: str
    amount: int
    currency: str
    metadata: dict[str, str] = {}

    def __post_init__(self) -> None:
        self.amount = from_stripe(self.amount, self.currency.upper())


class _Transfers(msgspec.Struct):
    data: list[_MovedWire]


class _Reversals(msgspec.Struct):
    data: list[_MovedWire]
    has_more: bool = False


class Call(Protocol):
    """How a request is sent, and its reply read as `shape`: see `StripeCards`."""

    async def __call__(
        self,
        send: "Callable[[StripeClient], Awaitable[StripeObject]]",
        shape: type[T],
        *secrets: str,
        changes: bool = True,
    ) -> T | Problem:
        """One request."""
        ...


class StripeTransfers:
    """The transfers of one Stripe account."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def make(self, intent: IntentWire, account: str, amount: int, key: str) -> Transfer | CallFailed:
        """Drawn on the charge itself, whose money need not have settled yet."""
        if (charge := intent.latest_charge) is None:
            return _NO_CHARGE
        made = await self._made(intent, account, key)
        if made is not None:
            return made
        told = to_stripe(amount, intent.currency.upper())
        if told is None:
            return NOT_COUNTED
        reply = await self._call(
            lambda client: client.v1.transfers.create_async(
                {
                    "amount": told,
                    "currency": intent.currency,
                    "destination": account,
                    "source_transaction": charge,
                    "metadata": {"key": key},
                },
                {"idempotency_key": f"{key}:transfer"},
            ),
            _MovedWire,
            intent.id,
            account,
        )
        if not isinstance(reply, _MovedWire):
            return only_failed(reply)
        return Transfer(reply.id, account, reply.amount, reply.currency.upper())

    async def reverse(
        self, intent: IntentWire, account: str, amount: int, transfer_key: str, key: str
    ) -> Reversal | CallFailed:
        """Take back a part of the transfer of that key, unless this key did so before."""
        made = await self._made(intent, account, transfer_key)
        if made is None:
            return _NOT_MADE
        before = made if isinstance(made, CallFailed) else await self._reversed(made.id, key)
        if isinstance(made, CallFailed) or before is not None:
            return before or _NOT_MADE
        told = to_stripe(amount, made.currency)
        if told is None:
            return NOT_COUNTED
        reply = await self._call(
            lambda client: client.v1.transfers.reversals.create_async(
                made.id,
                {"amount": told, "metadata": {"key": key}},
                {"idempotency_key": f"{key}:reversal"},
            ),
            _MovedWire,
            intent.id,
            account,
        )
        return (
            Reversal(reply.id, made.id, reply.amount) if isinstance(reply, _MovedWire) else only_failed(reply)
        )

    async def _made(self, intent: IntentWire, account: str, key: str) -> Transfer | CallFailed | None:
        """The transfer that this key made, if it did."""
        if (group := intent.transfer_group) is None:
            return None
        reply = await self._call(
            lambda client: client.v1.transfers.list_async(
                {"transfer_group": group, "destination": account, "limit": _MOST}
            ),
            _Transfers,
            changes=False,
        )
        if not isinstance(reply, _Transfers):
            return only_failed(reply)
        found = next((each for each in reply.data if each.metadata.get("key") == key), None)
        return None if found is None else Transfer(found.id, account, found.amount, found.currency.upper())

    async def _reversed(self, transfer: str, key: str) -> Reversal | CallFailed | None:
        """The reversal that this key made, if it did."""
        reply = await self._call(
            lambda client: client.v1.transfers.reversals.list_async(transfer, {"limit": _MOST}),
            _Reversals,
            changes=False,
        )
        if not isinstance(reply, _Reversals):
            return only_failed(reply)
        found = next((each for each in reply.data if each.metadata.get("key") == key), None)
        if found is None:
            return _TOO_MANY if reply.has_more else None
        return Reversal(found.id, transfer, found.amount)
