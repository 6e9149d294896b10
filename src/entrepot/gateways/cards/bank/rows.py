"""The simulated bank's statements. Rows are locked in one order: intent, card, funds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from entrepot.gateways.cards.bank.connection import Conn
from entrepot.gateways.cards.bank.rules import BankIntent, Card, Change, Funds
from entrepot.gateways.cards.port import Declined, Refund, Reversal, Transfer

_INTENT_COLUMNS = (
    "id, status, amount, currency, client_secret, metadata, token_hash, account, description,"
    " confirmations, captured, refunded, transferred, authorised_until, refundable_until"
)
_INTENT = f"select {_INTENT_COLUMNS} from bank_intents where workspace = $1 and id = $2"  # noqa: S608  (our own names)
_INSERT_INTENT = (
    "insert into bank_intents (workspace, id, status, amount, currency, client_secret, metadata, confirmations,"
    " captured, refunded, transferred) values ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0)"
)
_UPDATE_INTENT = (
    "update bank_intents set status = $3, token_hash = $4, account = $5, description = $6,"
    " confirmations = $7, captured = $8, refunded = $9, transferred = $10, authorised_until = $11,"
    " refundable_until = $12 where workspace = $1 and id = $2"
)
_CARD_COLUMNS = "token_hash, account, brand, last4, state, reusable, used_by"
_LOCK_CARD = (
    f"select {_CARD_COLUMNS} from bank_cards where workspace = $1 and token_hash = $2 for no key update"  # noqa: S608  (our own names)
)
_UPDATE_CARD = "update bank_cards set used_by = $3 where workspace = $1 and token_hash = $2"
_FUNDS_COLUMNS = "account, currency, balance, reserved"
_LOCK_FUNDS = (
    f"select {_FUNDS_COLUMNS} from bank_funds"  # noqa: S608  (our own names)
    " where workspace = $1 and account = $2 and currency = $3 for no key update"
)
# Each of these names what it locks by what was locked before it, so in this order and no other.
_CHARGED = f"""
select i.*, c.*, f.* from (
  select {_INTENT_COLUMNS} from bank_intents where workspace = $1 and id = $2 offset 0 for no key update
) i
left join lateral (
  select {_CARD_COLUMNS} from bank_cards where workspace = $1 and i.id = $2 and token_hash = (
    select c.token_hash from unnest($3::bytea[]) with ordinality k(token_hash, place)
    join bank_cards c on c.workspace = $1 and c.token_hash = k.token_hash and (k.place = 1 or c.family)
    order by k.place limit 1
  ) offset 0 for no key update
) c on true
left join lateral (
  select {_FUNDS_COLUMNS} from bank_funds
  where workspace = $1 and account = c.account and currency = i.currency offset 0 for no key update
) f on true
"""  # noqa: S608  (our own names)
_HELD = f"""
select i.*, f.* from (
  select {_INTENT_COLUMNS} from bank_intents where workspace = $1 and id = $2 offset 0 for no key update
) i
left join lateral (
  select {_FUNDS_COLUMNS} from bank_funds
  where workspace = $1 and account = i.account and currency = i.currency offset 0 for no key update
) f on true
"""  # noqa: S608  (our own names)
_UPDATE_FUNDS = (
    "update bank_funds set balance = $4, reserved = $5"
    " where workspace = $1 and account = $2 and currency = $3"
)
_OPEN_FUNDS = (
    "insert into bank_funds (workspace, account, currency, balance, reserved) values ($1, $2, $3, 0, 0)"
    " on conflict (workspace, account, currency) do nothing"
)
_LAPSE = (
    "with gone as (select id from bank_intents where workspace = $1 and account = $2 and currency = $3"
    " and status = 'requires_capture' and authorised_until <= $4 for no key update skip locked)"
    " update bank_intents i set status = 'canceled' from gone"
    " where i.workspace = $1 and i.id = gone.id returning i.amount"
)
_PAYOUT = "select 1 from bank_accounts where workspace = $1 and account = $2 and kind = 'payout'"
_CONFIRMATION = (
    "select intent, token_hash, code, message from bank_confirmations where workspace = $1 and key = $2"
)
_INSERT_CONFIRMATION = (
    "insert into bank_confirmations (workspace, key, intent, token_hash, code, message)"
    " values ($1, $2, $3, $4, $5, $6)"
)
_REFUND = "select intent, amount from bank_refunds where workspace = $1 and id = $2"
_INSERT_REFUND = (
    "insert into bank_refunds (workspace, id, intent, amount) values ($1, $2, $3, $4)"
    " on conflict (workspace, id) do nothing returning id"
)
_TRANSFER = "select intent, account, currency, amount from bank_transfers where workspace = $1 and id = $2"
_INSERT_TRANSFER = (
    "insert into bank_transfers (workspace, id, intent, account, currency, amount)"
    " values ($1, $2, $3, $4, $5, $6) on conflict (workspace, id) do nothing returning id"
)


_REVERSAL = "select transfer, amount from bank_reversals where workspace = $1 and id = $2"
_REVERSED = (
    "select coalesce(sum(amount), 0)::bigint from bank_reversals where workspace = $1 and transfer = $2"
)
_INSERT_REVERSAL = (
    "insert into bank_reversals (workspace, id, transfer, amount) values ($1, $2, $3, $4)"
    " on conflict (workspace, id) do nothing returning id"
)

T = TypeVar("T", Card, Funds)
_INTENT_WIDTH, _FUNDS_WIDTH = (len(names.split(",")) for names in (_INTENT_COLUMNS, _FUNDS_COLUMNS))


class Confirmation(msgspec.Struct, frozen=True):
    """What a confirm came to: reserved, or declined with this code and message."""

    intent: str
    token_hash: bytes
    refusal: Declined | None


async def read_intent(conn: Conn, workspace: int, intent_id: str) -> BankIntent | None:
    """The intent, unlocked."""
    row = await conn.fetchrow(_INTENT, workspace, intent_id)
    return BankIntent(**row) if row else None


async def lock_intent(conn: Conn, workspace: int, intent_id: str) -> BankIntent | None:
    """The intent, which nobody else changes until this transaction ends."""
    row = await conn.fetchrow(_INTENT + " for no key update", workspace, intent_id)
    return BankIntent(**row) if row else None


async def insert_intent(conn: Conn, workspace: int, intent: BankIntent) -> None:
    """Make an intent, on the way to the commit, which raises `UniqueViolationError` where there is one."""
    await conn.ahead(
        _INSERT_INTENT,
        workspace,
        intent.id,
        intent.status,
        intent.amount,
        intent.currency,
        intent.client_secret,
        intent.metadata,
    )


async def lock_card(conn: Conn, workspace: int, token_hash: bytes | None) -> Card | None:
    """The card behind a token, locked; None for an unknown token."""
    row = await conn.fetchrow(_LOCK_CARD, workspace, token_hash) if token_hash else None
    return Card(**row) if row else None


async def lock_charged(
    conn: Conn, workspace: int, intent_id: str, names: Sequence[bytes]
) -> tuple[BankIntent, Card | None, Funds | None] | None:
    """An intent, the card behind a token, and the money behind that, each locked before the next one is.

    The card is the token's own, or that of the nearest family; names as of `token_names`.
    """
    row = await conn.fetchrow(_CHARGED, workspace, intent_id, names)
    if row is None:
        return None
    cells = tuple(row.values())
    intent, card, funds = cells[:_INTENT_WIDTH], cells[_INTENT_WIDTH:-_FUNDS_WIDTH], cells[-_FUNDS_WIDTH:]
    return BankIntent(*intent), _known(Card, card), _known(Funds, funds)


async def lock_held(conn: Conn, workspace: int, intent_id: str) -> tuple[BankIntent, Funds | None] | None:
    """An intent, and then the money of the account that it is charged to."""
    row = await conn.fetchrow(_HELD, workspace, intent_id)
    if row is None:
        return None
    cells = tuple(row.values())
    return BankIntent(*cells[:_INTENT_WIDTH]), _known(Funds, cells[_INTENT_WIDTH:])


def _known(kind: type[T], cells: Sequence[Any]) -> T | None:
    """What an outer join found, if anything."""
    return None if cells[0] is None else kind(*cells)


async def lock_funds(conn: Conn, workspace: int, account: str | None, currency: str) -> Funds | None:
    """An account's money in one currency, locked; None where it has none in that currency."""
    row = await conn.fetchrow(_LOCK_FUNDS, workspace, account, currency) if account else None
    return Funds(**row) if row else None


async def free_lapsed(conn: Conn, workspace: int, funds: Funds, now: datetime) -> Funds:
    """The account's money, locked before, once what lapsed authorisations held of it is free."""
    lapsed = await conn.fetch(_LAPSE, workspace, funds.account, funds.currency, now)
    freed = msgspec.structs.replace(funds, reserved=funds.reserved - sum(row["amount"] for row in lapsed))
    if lapsed:
        await _write_funds(conn, workspace, freed)
    return freed


async def lock_payout_funds(conn: Conn, workspace: int, account: str, currency: str) -> Funds | None:
    """A payout account's money, opened at zero where it is the first in that currency."""
    if not await is_payout_account(conn, workspace, account):
        return None
    await conn.execute(_OPEN_FUNDS, workspace, account, currency)
    return await lock_funds(conn, workspace, account, currency)


async def is_payout_account(conn: Conn, workspace: int, account: str) -> bool:
    """Whether a merchant's account of that name exists."""
    return await conn.fetchval(_PAYOUT, workspace, account) is not None


async def write(conn: Conn, workspace: int, change: Change) -> None:
    """Store what a rule decided, on rows that are locked already and on the way to the commit."""
    new = change.intent
    await conn.ahead(
        _UPDATE_INTENT,
        workspace,
        new.id,
        new.status,
        new.token_hash,
        new.account,
        new.description,
        new.confirmations,
        new.captured,
        new.refunded,
        new.transferred,
        new.authorised_until,
        new.refundable_until,
    )
    if card := change.card:
        await conn.ahead(_UPDATE_CARD, workspace, card.token_hash, card.used_by)
    if change.funds:
        await _write_funds(conn, workspace, change.funds)


async def _write_funds(conn: Conn, workspace: int, funds: Funds) -> None:
    await conn.ahead(_UPDATE_FUNDS, workspace, funds.account, funds.currency, funds.balance, funds.reserved)


async def read_confirmation(conn: Conn, workspace: int, key: str) -> Confirmation | None:
    """What a confirm with that key came to."""
    row = await conn.fetchrow(_CONFIRMATION, workspace, key)
    if row is None:
        return None
    refusal = Declined(row["message"], row["code"]) if row["code"] else None
    return Confirmation(row["intent"], row["token_hash"], refusal)


async def insert_confirmation(conn: Conn, workspace: int, key: str, done: Confirmation) -> None:
    """Note a confirm, on the way to the commit, which raises `UniqueViolationError` where its key was used."""
    code, message = (done.refusal.code, done.refusal.message) if done.refusal else (None, None)
    await conn.ahead(_INSERT_CONFIRMATION, workspace, key, done.intent, done.token_hash, code, message)


async def read_refund(conn: Conn, workspace: int, refund_id: str) -> Refund | None:
    """A refund made earlier."""
    row = await conn.fetchrow(_REFUND, workspace, refund_id)
    return Refund(refund_id, row["intent"], row["amount"], "succeeded") if row else None


async def insert_refund(conn: Conn, workspace: int, refund: Refund) -> bool:
    """Whether the refund is new."""
    new = await conn.fetchval(_INSERT_REFUND, workspace, refund.id, refund.intent_id, refund.amount)
    return new is not None


async def read_transfer(conn: Conn, workspace: int, transfer_id: str) -> tuple[str, Transfer] | None:
    """A transfer made earlier, with the intent whose money it moved."""
    row = await conn.fetchrow(_TRANSFER, workspace, transfer_id)
    if row is None:
        return None
    return row["intent"], Transfer(transfer_id, row["account"], row["amount"], row["currency"])


async def insert_transfer(conn: Conn, workspace: int, intent_id: str, transfer: Transfer) -> bool:
    """Whether the transfer is new."""
    new = await conn.fetchval(
        _INSERT_TRANSFER,
        workspace,
        transfer.id,
        intent_id,
        transfer.account,
        transfer.currency,
        transfer.amount,
    )
    return new is not None


async def read_reversal(conn: Conn, workspace: int, reversal_id: str) -> Reversal | None:
    """A reversal made earlier."""
    row = await conn.fetchrow(_REVERSAL, workspace, reversal_id)
    return Reversal(reversal_id, row["transfer"], row["amount"]) if row else None


async def read_reversed(conn: Conn, workspace: int, transfer_id: str) -> int:
    """How much of a transfer was taken back; its intent's lock keeps others from taking more meanwhile."""
    return await conn.fetchval(_REVERSED, workspace, transfer_id)


async def insert_reversal(conn: Conn, workspace: int, reversal: Reversal) -> bool:
    """Whether the reversal is new."""
    new = await conn.fetchval(_INSERT_REVERSAL, workspace, reversal.id, reversal.transfer_id, reversal.amount)
    return new is not None
