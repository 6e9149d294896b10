"""The simulated bank, partner, order hub and register of a world: what they lack is added, what they have stays.

Balances and spent tokens are the simulators' own state: a world says how they begin.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from hashlib import sha256
from typing import Any, cast

from msgspec.structs import astuple

from entrepot.gateways.addresses.port import AddressQuery, FoundAddress
from entrepot.gateways.addresses.simulated import read_residents, register_residents
from entrepot.gateways.cards.bank.seed import AccountSeed, BankSeed, CardSeed, PayoutSeed, seed, token_hash
from entrepot.gateways.hubs.simulated import read_clients, register_clients
from entrepot.gateways.tokens.simulated import SimulatedPartner
from entrepot.store.connections import Connection
from entrepot.worlds.form.amounts import minor
from entrepot.worlds.form.types import Bank, Card, Hub, Partner, Resident, Workspace
from entrepot.worlds.plan.report import Change

_ACCOUNTS = "select account, kind, name from bank_accounts where workspace = $1"
_FUNDS = "select account, currency from bank_funds where workspace = $1"
_CARDS = (
    "select token_hash, account, brand, last4, state, reusable, family from bank_cards where workspace = $1"
)


async def seed_bank(connection: Connection, workspace: int, bank: Bank) -> list[Change]:
    """Open the accounts and issue the cards that the bank lacks; cards and payout accounts take the file's form."""
    missing = BankSeed(
        await _new_accounts(connection, workspace, bank),
        await _new_cards(connection, workspace, bank),
        await _new_payouts(connection, workspace, bank),
    )
    if not (missing.accounts or missing.cards or missing.payouts):
        return []
    await seed(cast("Any", connection), workspace, missing)
    return _changes(missing)


class _Single:
    """A pool of the one connection on which the world is applied: its tokens come with its transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        """That connection."""
        return nullcontext(self._connection)


async def seed_partner(connection: Connection, workspace: int, partner: Partner) -> list[Change]:
    """Put the tokens on the partner's list that are not there yet."""
    simulated = SimulatedPartner(_Single(connection), workspace)
    missing = [token for token in dict.fromkeys(partner.tokens) if not await simulated.knows(token)]
    if missing:
        await simulated.issue(missing)
    return [Change("create", "partner token", _short(sha256(token.encode()).digest())) for token in missing]


async def seed_hub(connection: Connection, workspace: int, hub: Hub) -> list[Change]:
    """Make the hub's clients known that it does not know; the others get the file's number of orders."""
    known = await read_clients(connection, workspace)
    changed = {client: most for client, most in hub.clients.items() if known.get(client) != most}
    if changed:
        await register_clients(connection, workspace, changed)
    return [Change("update" if client in known else "create", "hub client", client) for client in changed]


async def seed_register(connection: Connection, workspace: int, spec: Workspace) -> list[Change]:
    """Enter the residents whom the register lacks; who has moved takes the file's address."""
    known = await read_residents(connection, workspace)
    wanted = {
        AddressQuery(country, number): _home(country, resident)
        for country, residents in spec.residents.items()
        for number, resident in residents.items()
    }
    moved = {query: home for query, home in wanted.items() if known.get(query.plain) != home}
    if moved:
        await register_residents(connection, workspace, moved)
    return [
        Change("update" if query.plain in known else "create", "resident", _resident(query))
        for query in moved
    ]


def _home(country: str, resident: Resident) -> FoundAddress:
    return FoundAddress(
        address1=resident.address,
        zip=resident.postcode,
        city=resident.town,
        country=country,
        first_name=resident.first_name,
        last_name=resident.last_name,
        company=resident.company,
        address2=resident.address2,
        province=resident.state,
    )


def _resident(query: AddressQuery) -> str:
    return f"{query.country} {_short(sha256(query.plain.identity.encode()).digest())}"


async def _new_accounts(connection: Connection, workspace: int, bank: Bank) -> tuple[AccountSeed, ...]:
    known = {tuple(row) for row in await connection.fetch(_FUNDS, workspace)}
    return tuple(
        AccountSeed(name, currency, minor(amount, currency), name)
        for name, balances in bank.accounts.items()
        for currency, amount in balances.items()
        if (name, currency) not in known
    )


async def _new_cards(connection: Connection, workspace: int, bank: Bank) -> tuple[CardSeed, ...]:
    known = {row[0]: tuple(row)[1:] for row in await connection.fetch(_CARDS, workspace)}
    cards = {token: _card(token, card) for token, card in bank.cards.items()}
    return tuple(card for token, card in cards.items() if known.get(token_hash(token)) != astuple(card)[1:])


def _card(token: str, card: Card) -> CardSeed:
    reusable = card.reusable or card.family
    return CardSeed(token, card.account, card.brand, card.last4, card.state, reusable, card.family)


async def _new_payouts(connection: Connection, workspace: int, bank: Bank) -> tuple[PayoutSeed, ...]:
    known = {tuple(row) for row in await connection.fetch(_ACCOUNTS, workspace)}
    return tuple(
        PayoutSeed(account, name)
        for account, name in bank.payouts.items()
        if (account, "payout", name) not in known
    )


def _changes(seeded: BankSeed) -> list[Change]:
    return [
        *(Change("create", "bank account", f"{a.account} {a.currency}") for a in seeded.accounts),
        *(Change("create", "bank card", _short(token_hash(card.token))) for card in seeded.cards),
        *(Change("create", "payout account", payout.account) for payout in seeded.payouts),
    ]


def _short(digest: bytes) -> str:
    """Tokens and people's numbers are not shown: the beginning of the hash tells them apart."""
    return digest.hex()[:8]
