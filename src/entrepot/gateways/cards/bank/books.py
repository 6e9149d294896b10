"""Where a bank finds the card behind a token and the money behind the card: in its workspace, or nowhere at all.

Test orders are charged by the bank's own rules and intents, on cards that are built in and behind which no money
stands (decision bonsai test mode). Their tokens are those that the makers of card clients use in tests.
"""

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

import msgspec

from entrepot.gateways.cards.bank import rows
from entrepot.gateways.cards.bank.connection import Conn
from entrepot.gateways.cards.bank.rules import LARGEST_AMOUNT, BankIntent, Card, CardState, Change, Funds
from entrepot.gateways.cards.bank.seed import token_hash

ENDLESS, EMPTY = ":test", ":test-empty"
"""What is behind the built-in cards: always enough, or nothing. No account of a world can have these names."""


class Books:
    """The cards and accounts of a workspace, locked as they are read: the card before its money."""

    async def card(self, conn: Conn, workspace: int, hashed: bytes | None) -> Card | None:
        """The card of a token that paid before."""
        return await rows.lock_card(conn, workspace, hashed)

    async def charged(
        self, conn: Conn, workspace: int, intent_id: str, names: Sequence[bytes]
    ) -> tuple[BankIntent, Card | None, Funds | None] | None:
        """An intent with the card behind a token, by its names as of `token_names`, and the money behind the card."""
        return await rows.lock_charged(conn, workspace, intent_id, names)

    async def held(
        self, conn: Conn, workspace: int, intent_id: str
    ) -> tuple[BankIntent, Funds | None] | None:
        """An intent with the money of the account that it is charged to."""
        return await rows.lock_held(conn, workspace, intent_id)

    async def funds(self, conn: Conn, workspace: int, account: str | None, currency: str) -> Funds | None:
        """An account's money; None where it has none in this currency."""
        return await rows.lock_funds(conn, workspace, account, currency)

    async def freed(self, conn: Conn, workspace: int, funds: Funds, now: datetime) -> Funds:
        """The same money once lapsed authorisations hold none of it."""
        return await rows.free_lapsed(conn, workspace, funds, now)

    async def write(self, conn: Conn, workspace: int, change: Change) -> None:
        """Store what a rule decided."""
        await rows.write(conn, workspace, change)


class BuiltInBooks(Books):
    """The built-in cards. Of a test order only its intent is stored: no balance and no card ever changes."""

    async def card(self, conn: Conn, workspace: int, hashed: bytes | None) -> Card | None:
        """See `Books.card`."""
        return TEST_CARDS.get(hashed) if hashed else None

    async def charged(
        self, conn: Conn, workspace: int, intent_id: str, names: Sequence[bytes]
    ) -> tuple[BankIntent, Card | None, Funds | None] | None:
        """See `Books.charged`. Every token goes on with `_`, so that tests never run out of tokens."""
        intent = await rows.lock_intent(conn, workspace, intent_id)
        if intent is None:
            return None
        card = next((TEST_CARDS[name] for name in names if name in TEST_CARDS), None)
        account = card.account if card else None
        return intent, card, await self.funds(conn, workspace, account, intent.currency)

    async def held(
        self, conn: Conn, workspace: int, intent_id: str
    ) -> tuple[BankIntent, Funds | None] | None:
        """See `Books.held`."""
        intent = await rows.lock_intent(conn, workspace, intent_id)
        if intent is None:
            return None
        return intent, await self.funds(conn, workspace, intent.account, intent.currency)

    async def funds(self, conn: Conn, workspace: int, account: str | None, currency: str) -> Funds | None:
        """See `Books.funds`."""
        if account is None:
            return None
        return Funds(account, currency, LARGEST_AMOUNT if account == ENDLESS else 0)

    async def freed(self, conn: Conn, workspace: int, funds: Funds, now: datetime) -> Funds:
        """See `Books.freed`. Nothing is ever held."""
        return funds

    async def write(self, conn: Conn, workspace: int, change: Change) -> None:
        """See `Books.write`."""
        await rows.write(conn, workspace, msgspec.structs.replace(change, card=None, funds=None))


_GOOD = {
    "visa": ("visa", "4242"),
    "visa_debit": ("visa", "5556"),
    "mastercard": ("mastercard", "4444"),
    "mastercard_debit": ("mastercard", "3222"),
    "mastercard_prepaid": ("mastercard", "5100"),
    "amex": ("amex", "0005"),
    "discover": ("discover", "1117"),
    "diners": ("diners", "0004"),
    "jcb": ("jcb", "0505"),
    "unionpay": ("unionpay", "0005"),
}
_BAD: dict[str, tuple[str, CardState, str]] = {
    "tok_chargeDeclined": ("0002", "declined", ENDLESS),
    "tok_visa_chargeDeclined": ("0002", "declined", ENDLESS),
    "pm_card_visa_chargeDeclined": ("0002", "declined", ENDLESS),
    "tok_chargeDeclinedInsufficientFunds": ("9995", "ok", EMPTY),
    "tok_visa_chargeDeclinedInsufficientFunds": ("9995", "ok", EMPTY),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("9995", "ok", EMPTY),
    "tok_visa_chargeDeclinedLostCard": ("9987", "lost", ENDLESS),
    "pm_card_visa_chargeDeclinedLostCard": ("9987", "lost", ENDLESS),
    "tok_visa_chargeDeclinedStolenCard": ("9979", "lost", ENDLESS),
    "pm_card_visa_chargeDeclinedStolenCard": ("9979", "lost", ENDLESS),
    "tok_chargeDeclinedExpiredCard": ("0069", "expired", ENDLESS),
    "pm_card_chargeDeclinedExpiredCard": ("0069", "expired", ENDLESS),
    "tok_threeDSecure2Required": ("3220", "requires_authentication", ENDLESS),
    "pm_card_threeDSecure2Required": ("3220", "requires_authentication", ENDLESS),
    "pm_card_authenticationRequired": ("3184", "requires_authentication", ENDLESS),
}


def _built_in() -> dict[bytes, Card]:
    cards: dict[str, tuple[str, str, CardState, str]] = {
        token: (brand, last4, "ok", ENDLESS)
        for name, (brand, last4) in _GOOD.items()
        for token in (f"tok_{name}", f"pm_card_{name}")
    }
    cards |= {token: ("visa", last4, state, account) for token, (last4, state, account) in _BAD.items()}
    return {
        (hashed := token_hash(token)): Card(hashed, account, brand, last4, state, reusable=True)
        for token, (brand, last4, state, account) in cards.items()
    }


TEST_CARDS = MappingProxyType(_built_in())
"""The built-in cards by the hash of their tokens."""
