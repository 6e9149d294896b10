"""Opens accounts and issues cards at the simulated bank, for a demo world or a test."""

from hashlib import sha256
from typing import Literal

import msgspec

from entrepot.gateways.cards.bank.rules import CardState
from entrepot.store.connections import Connection

_ACCOUNTS = (
    "insert into bank_accounts (workspace, account, kind, name)"
    " select $1, * from unnest($2::text[], $3::text[], $4::text[])"
    " on conflict (workspace, account) do update set kind = excluded.kind, name = excluded.name"
)
# Money that open intents hold stays: a seed run twice never leaves an account short of what it reserved.
_FUNDS = (
    "insert into bank_funds (workspace, account, currency, balance, reserved)"
    " select $1, f.account, f.currency, f.balance, 0"
    " from unnest($2::text[], $3::text[], $4::bigint[]) as f (account, currency, balance)"
    " on conflict (workspace, account, currency)"
    " do update set balance = greatest(excluded.balance, bank_funds.reserved)"
)
_CARDS = (
    "insert into bank_cards (workspace, token_hash, account, brand, last4, state, reusable, family)"
    " select $1, * from"
    " unnest($2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::boolean[])"
    " on conflict (workspace, token_hash) do update set account = excluded.account, brand = excluded.brand,"
    " last4 = excluded.last4, state = excluded.state, reusable = excluded.reusable, family = excluded.family"
)

LONGEST_FAMILY = 8
"""How many parts, joined by underscores, a family's name has at most."""


class AccountSeed(msgspec.Struct, frozen=True):
    """A cardholder's money in one currency, minor units; several of one `account` differ in currency."""

    account: str
    currency: str
    balance: int
    name: str = ""


class CardSeed(msgspec.Struct, frozen=True):
    """A card that `token` stands for. A reusable token pays any number of times, as test tokens do.

    For a `family`, which is reusable, so does every token that goes on with `_`.
    """

    token: str
    account: str
    brand: str = "visa"
    last4: str = "4242"
    state: CardState = "ok"
    reusable: bool = False
    family: bool = False


class PayoutSeed(msgspec.Struct, frozen=True):
    """A merchant's account, to which money can be transferred."""

    account: str
    name: str = ""


class BankSeed(msgspec.Struct, frozen=True):
    """What the bank of one workspace shall hold; what is there under another name stays."""

    accounts: tuple[AccountSeed, ...] = ()
    cards: tuple[CardSeed, ...] = ()
    payouts: tuple[PayoutSeed, ...] = ()


def token_hash(token: str) -> bytes:
    """What the bank stores in place of a token."""
    return sha256(token.encode()).digest()


def token_names(token: str) -> list[bytes]:
    """By what a token may be known: itself, then the families that it may be of, the nearest first."""
    parts = token.split("_", LONGEST_FAMILY)
    families = ["_".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
    return [token_hash(name) for name in (token, *families)]


async def seed(conn: Connection, workspace: int, world: BankSeed) -> None:
    """Upsert the world's accounts, cards and payout accounts. Balances are set, spent tokens stay spent."""
    async with conn.transaction():
        await conn.execute(_ACCOUNTS, workspace, *_account_columns(world))
        await conn.execute(_FUNDS, workspace, *_fund_columns(world.accounts))
        await conn.execute(_CARDS, workspace, *_card_columns(world.cards))


def _account_columns(world: BankSeed) -> tuple[list[str], list[str], list[str]]:
    kinds: dict[str, tuple[Literal["cardholder", "payout"], str]] = {}
    kinds |= {a.account: ("cardholder", a.name) for a in world.accounts}
    kinds |= {p.account: ("payout", p.name) for p in world.payouts}
    names = sorted(kinds)
    return names, [kinds[n][0] for n in names], [kinds[n][1] for n in names]


def _fund_columns(accounts: tuple[AccountSeed, ...]) -> tuple[list[str], list[str], list[int]]:
    rows = sorted({(a.account, a.currency): a.balance for a in accounts}.items())
    return [k[0] for k, _ in rows], [k[1] for k, _ in rows], [balance for _, balance in rows]


def _card_columns(
    cards: tuple[CardSeed, ...],
) -> tuple[list[bytes], list[str], list[str], list[str], list[str], list[bool], list[bool]]:
    rows = sorted({token_hash(c.token): c for c in cards}.items())
    kept = [card for _, card in rows]
    return (
        [digest for digest, _ in rows],
        [c.account for c in kept],
        [c.brand for c in kept],
        [c.last4 for c in kept],
        [c.state for c in kept],
        [c.reusable for c in kept],
        [c.family for c in kept],
    )
