"""The simulated bank as a card gateway: each call is one transaction on the bank's own connections.

So the bank survives what the platform survives, and a platform killed between two calls finds the money where
its last answered call left it, or where the call that it never heard of left it.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

import asyncpg
import msgspec

from entrepot.gateways.cards.bank import rows, rules
from entrepot.gateways.cards.bank.books import Books
from entrepot.gateways.cards.bank.connection import Conn, Pool
from entrepot.gateways.cards.bank.rows import Confirmation
from entrepot.gateways.cards.bank.rules import BankIntent, Change
from entrepot.gateways.cards.bank.seed import token_names
from entrepot.gateways.cards.port import (
    CallFailed,
    ConfirmOutcome,
    CreateIntent,
    CreateOutcome,
    Intent,
    Refund,
    Reversal,
    Transfer,
)

T = TypeVar("T")
LONGEST_KEY = 200
LONGEST_TOKEN = 255
TIMEOUT_SECONDS = 20.0


class BankCards:
    """One workspace's account at the simulated bank.

    `pool` is the bank's own, never the engine's: the bank commits on its own, whatever becomes of the order. `now`
    is the time by which authorisations lapse and charges are paid out. `books` say which cards there are.
    """

    def __init__(
        self, pool: Pool, workspace: int, now: Callable[[], datetime], books: Books | None = None
    ) -> None:
        self._pool = pool
        self._workspace = workspace
        self._now = now
        self._at = books or Books()

    async def create_intent(self, request: CreateIntent) -> CreateOutcome:
        """See `CardGateway.create_intent`. The id derives from the key."""
        if problem := _check_key(request.key) or rules.check_amount(request.amount):
            return problem
        wanted = self._new_intent(request)

        async def make(conn: Conn) -> CreateOutcome:
            await rows.insert_intent(conn, self._workspace, wanted)
            return self._shown(wanted)

        async def find(conn: Conn) -> CreateOutcome:
            found = await rows.read_intent(conn, self._workspace, wanted.id)
            same = found and (found.amount, found.currency) == (wanted.amount, wanted.currency)
            return self._shown(found) if found and same else rules.KEY_REUSED

        made = await self._run(make)
        return await self._run(find) if made == rules.KEY_REUSED else made

    async def confirm(self, intent_id: str, token: str | None, key: str) -> ConfirmOutcome:
        """See `CardGateway.confirm`."""
        if problem := _check_key(key):
            return problem
        if token is None:
            return await self._run(lambda conn: self._confirm_prepared(conn, intent_id))
        if len(token) > LONGEST_TOKEN:
            return rules.NO_SUCH_TOKEN
        names = token_names(token)
        return await self._run(lambda conn: self._confirm(conn, intent_id, names, key))

    async def capture(
        self, intent_id: str, amount: int | None = None, *, currency: str | None = None
    ) -> Intent | CallFailed:
        """See `CardGateway.capture`. The bank counts in our units, whatever the currency."""
        del currency

        async def work(conn: Conn) -> Intent | CallFailed:
            found = await self._at.held(conn, self._workspace, intent_id)
            if found is None:
                return rules.NO_SUCH_INTENT
            intent, funds = found
            return await self._settle(conn, intent, rules.capture(intent, funds, amount, self._now()))

        return await self._run(work)

    async def cancel(self, intent_id: str) -> Intent | CallFailed:
        """See `CardGateway.cancel`. The token of a cancelled charge can pay again."""

        async def work(conn: Conn) -> Intent | CallFailed:
            intent = await rows.lock_intent(conn, self._workspace, intent_id)
            if intent is None:
                return rules.NO_SUCH_INTENT
            card = await self._at.card(conn, self._workspace, intent.token_hash)
            funds = await self._at.funds(conn, self._workspace, intent.account, intent.currency)
            return await self._settle(conn, intent, rules.cancel(intent, card, funds, self._now()))

        return await self._run(work)

    async def read(self, intent_id: str) -> Intent | CallFailed:
        """See `CardGateway.read`."""

        async def work(conn: Conn) -> Intent | CallFailed:
            intent = await rows.read_intent(conn, self._workspace, intent_id)
            return self._shown(intent) if intent else rules.NO_SUCH_INTENT

        return await self._run(work, changes=False)

    async def find_intent(self, request: CreateIntent) -> Intent | CallFailed | None:
        """See `CardGateway.find_intent`. The bank's keys never end."""
        found = await self.read(_id("pi", request.key))
        return None if found == rules.NO_SUCH_INTENT else found

    async def find_refund(self, intent_id: str, key: str) -> Refund | CallFailed | None:
        """See `CardGateway.find_refund`."""
        name = _id("re", key)
        return await self._run(lambda conn: rows.read_refund(conn, self._workspace, name), changes=False)

    async def refund(
        self, intent_id: str, amount: int, key: str, *, currency: str | None = None
    ) -> Refund | CallFailed:
        """See `CardGateway.refund`."""
        del currency
        if problem := _check_key(key):
            return problem
        wanted = Refund(_id("re", key), intent_id, amount, "succeeded")
        return await self._run(lambda conn: self._refund(conn, wanted))

    async def transfer(self, intent_id: str, account: str, amount: int, key: str) -> Transfer | CallFailed:
        """See `CardGateway.transfer`."""
        if problem := _check_key(key):
            return problem
        return await self._run(lambda conn: self._transfer(conn, intent_id, account, amount, _id("tr", key)))

    async def reverse(
        self, intent_id: str, account: str, amount: int, transfer_key: str, key: str
    ) -> Reversal | CallFailed:
        """See `CardGateway.reverse`."""
        if problem := _check_key(key):
            return problem
        wanted = Reversal(_id("trr", key), _id("tr", transfer_key), amount)
        return await self._run(lambda conn: self._reverse(conn, intent_id, account, wanted))

    async def payout_ready(self, account: str) -> bool | CallFailed:
        """See `CardGateway.payout_ready`."""
        return await self._run(
            lambda conn: rows.is_payout_account(conn, self._workspace, account), changes=False
        )

    async def close(self) -> None:
        """Nothing to let go of: the pool belongs to whoever opened it."""

    async def confirm_by_shopper(self, client_secret: str, token: str) -> ConfirmOutcome:
        """What a shopper's browser does with the secret of a checkout intent: confirm it with a card."""
        intent = await self._by_secret(client_secret)
        if isinstance(intent, CallFailed):
            return intent
        return await self.confirm(intent.id, token, secrets.token_hex(16))

    async def answer_challenge(self, client_secret: str, approved: bool) -> ConfirmOutcome:
        """What a cardholder does with a 3-D Secure demand: approve it or not."""
        intent = await self._by_secret(client_secret)
        if isinstance(intent, CallFailed):
            return intent
        return await self._run(lambda conn: self._answer_challenge(conn, intent.id, approved))

    def _new_intent(self, request: CreateIntent) -> BankIntent:
        intent_id = _id("pi", request.key)
        return BankIntent(
            id=intent_id,
            status="requires_payment_method",
            amount=request.amount,
            currency=request.currency,
            client_secret=f"{intent_id}_secret_{secrets.token_hex(16)}",
            metadata=msgspec.json.encode(dict(request.metadata)).decode(),
        )

    async def _by_secret(self, client_secret: str) -> Intent | CallFailed:
        found = await self.read(client_secret.partition("_secret_")[0])
        if isinstance(found, Intent) and not secrets.compare_digest(
            found.client_secret.encode(), client_secret.encode()
        ):
            return rules.NO_SUCH_INTENT
        return found

    async def _confirm(self, conn: Conn, intent_id: str, names: Sequence[bytes], key: str) -> ConfirmOutcome:
        hashed = names[0]
        found = await self._at.charged(conn, self._workspace, intent_id, names)
        if found is None:
            return rules.NO_SUCH_INTENT
        intent, card, funds = found
        if intent.confirmations and (done := await rows.read_confirmation(conn, self._workspace, key)):
            return self._replayed(done, intent, hashed)
        if funds is not None and funds.available < intent.amount:
            # What lapsed authorisations hold of it is freed where it is wanted.
            funds = await self._at.freed(conn, self._workspace, funds, self._now())
        decided = rules.confirm(intent, card, funds, self._now())
        if not isinstance(decided, Change):
            return decided
        done = Confirmation(intent.id, hashed, decided.refusal)
        await rows.insert_confirmation(conn, self._workspace, key, done)
        counted = msgspec.structs.replace(decided.intent, confirmations=intent.confirmations + 1)
        await self._at.write(conn, self._workspace, msgspec.structs.replace(decided, intent=counted))
        return decided.refusal or self._shown(counted)

    async def _confirm_prepared(self, conn: Conn, intent_id: str) -> ConfirmOutcome:
        intent = await rows.read_intent(conn, self._workspace, intent_id)
        if intent is None:
            return rules.NO_SUCH_INTENT
        decided = rules.confirm_prepared(intent, self._now())
        return (decided.refusal or self._shown(intent)) if isinstance(decided, Change) else decided

    async def _answer_challenge(self, conn: Conn, intent_id: str, approved: bool) -> ConfirmOutcome:
        intent = await rows.lock_intent(conn, self._workspace, intent_id)
        if intent is None:
            return rules.NO_SUCH_INTENT
        card = await self._at.card(conn, self._workspace, intent.token_hash)
        funds = await self._at.funds(conn, self._workspace, intent.account, intent.currency)
        decided = rules.answer_challenge(intent, approved, card, funds, self._now())
        if not isinstance(decided, Change):
            return decided
        await self._at.write(conn, self._workspace, decided)
        return decided.refusal or self._shown(decided.intent)

    async def _settle(
        self, conn: Conn, intent: BankIntent, decided: Change | CallFailed
    ) -> Intent | CallFailed:
        if isinstance(decided, CallFailed):
            return decided
        if decided.intent is not intent:
            await self._at.write(conn, self._workspace, decided)
        return self._shown(decided.intent)

    async def _refund(self, conn: Conn, wanted: Refund) -> Refund | CallFailed:
        found = await self._at.held(conn, self._workspace, wanted.intent_id)
        if found is None:
            return rules.NO_SUCH_INTENT
        if done := await rows.read_refund(conn, self._workspace, wanted.id):
            return done if done == wanted else rules.KEY_REUSED
        intent, funds = found
        decided = rules.refund(intent, funds, wanted.amount, self._now())
        if isinstance(decided, CallFailed):
            return decided
        if not await rows.insert_refund(conn, self._workspace, wanted):
            return rules.KEY_REUSED
        await self._at.write(conn, self._workspace, decided)
        return wanted

    async def _transfer(
        self, conn: Conn, intent_id: str, account: str, amount: int, transfer_id: str
    ) -> Transfer | CallFailed:
        intent = await rows.lock_intent(conn, self._workspace, intent_id)
        if intent is None:
            return rules.NO_SUCH_INTENT
        wanted = Transfer(transfer_id, account, amount, intent.currency)
        if done := await rows.read_transfer(conn, self._workspace, transfer_id):
            return wanted if done == (intent_id, wanted) else rules.KEY_REUSED
        payout = await rows.lock_payout_funds(conn, self._workspace, account, intent.currency)
        decided = rules.transfer(intent, payout, amount)
        if isinstance(decided, CallFailed):
            return decided
        if not await rows.insert_transfer(conn, self._workspace, intent_id, wanted):
            return rules.KEY_REUSED
        await self._at.write(conn, self._workspace, decided)
        return wanted

    async def _reverse(
        self, conn: Conn, intent_id: str, account: str, wanted: Reversal
    ) -> Reversal | CallFailed:
        intent = await rows.lock_intent(conn, self._workspace, intent_id)
        if intent is None:
            return rules.NO_SUCH_INTENT
        if done := await rows.read_reversal(conn, self._workspace, wanted.id):
            return done if done == wanted else rules.KEY_REUSED
        made = await rows.read_transfer(conn, self._workspace, wanted.transfer_id)
        if made is None or made[0] != intent_id or made[1].account != account:
            return rules.NOT_TRANSFERRED
        payout = await rows.lock_payout_funds(conn, self._workspace, account, intent.currency)
        returned = await rows.read_reversed(conn, self._workspace, wanted.transfer_id)
        decided = rules.reverse(intent, payout, made[1].amount, returned, wanted.amount)
        if isinstance(decided, CallFailed):
            return decided
        if not await rows.insert_reversal(conn, self._workspace, wanted):
            return rules.KEY_REUSED
        await self._at.write(conn, self._workspace, decided)
        return wanted

    def _shown(self, intent: BankIntent) -> Intent:
        return Intent(
            id=intent.id,
            status="canceled" if rules.lapsed(intent, self._now()) else intent.status,
            amount=intent.amount,
            currency=intent.currency,
            client_secret=intent.client_secret,
            description=intent.description,
            captured=intent.captured,
            metadata=msgspec.json.decode(intent.metadata, type=dict[str, str]),
        )

    def _replayed(self, done: Confirmation, intent: BankIntent, hashed: bytes) -> ConfirmOutcome:
        if (done.intent, done.token_hash) != (intent.id, hashed):
            return rules.KEY_REUSED
        if done.refusal is not None:
            return done.refusal
        decided = rules.confirm_prepared(intent, self._now())
        return decided if isinstance(decided, CallFailed) else self._shown(intent)

    async def _run(self, work: Callable[[Conn], Awaitable[T]], *, changes: bool = True) -> T | CallFailed:
        """Run `work` in a transaction; what goes wrong with the database is a failed call, in doubt if it
        may have been committed."""
        began = False
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._pool.acquire() as conn, conn.transaction():
                began = True
                return await work(conn)
        except asyncpg.UniqueViolationError:
            return rules.KEY_REUSED
        except asyncpg.PostgresError as error:
            # The server answered, so the transaction is rolled back, unless it was going down as it did.
            lost = isinstance(error, (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError))
            return CallFailed(None, in_doubt=changes and began and lost)
        except (OSError, TimeoutError, asyncpg.InterfaceError):
            return CallFailed(None, in_doubt=changes and began)


def _check_key(key: str) -> CallFailed | None:
    if 1 <= len(key) <= LONGEST_KEY:
        return None
    return CallFailed("Idempotency keys have 1 to 200 characters.", in_doubt=False, code="idempotency_error")


def _id(prefix: str, key: str) -> str:
    return f"{prefix}_{sha256(key.encode()).hexdigest()[:24]}"
