"""The parts of one worker process, put together: engine, order placement, gateways, recovery and housekeeping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from entrepot.domain.channels.retention import Retention
from entrepot.domain.fulfilment.consign import ORDER as CARRIER_ORDER
from entrepot.domain.fulfilment.consign import RETURN as CARRIER_RETURN
from entrepot.domain.fulfilment.returns.label import MAKE as LABEL_MAKE
from entrepot.domain.fulfilment.returns.label import VOID as LABEL_VOID
from entrepot.domain.placing.attempts import AttemptKind
from entrepot.domain.upkeep.purge_orders import FORGET
from entrepot.engine.batches.batch import Rule, own_rule
from entrepot.engine.batches.engine import Connect, Engine
from entrepot.engine.carriers.consignments import Consignments
from entrepot.engine.carriers.events import CarrierEvents
from entrepot.engine.carriers.rounds import CarrierRounds
from entrepot.engine.clock import Clock
from entrepot.engine.deliveries import EventDeliveries, MailDeliveries, PayoutDeliveries, ReversalDeliveries
from entrepot.engine.deliveries.errands import UndoneErrands, voided, withdrawn
from entrepot.engine.deliveries.events import BodyOf, untold
from entrepot.engine.deliveries.forgetting import Forgetting
from entrepot.engine.deliveries.labels import ReturnLabels
from entrepot.engine.deliveries.listeners import StoredListeners
from entrepot.engine.deliveries.outbox import Outbox
from entrepot.engine.gateways import Gateways, Wrap, cards_of, mails_of, settings_of, unwrapped
from entrepot.engine.money.attempts import ATTEMPT_SECONDS, AttemptProcessor
from entrepot.engine.money.capture import PaymentDeliveries, Payments
from entrepot.engine.money.cart_payment import CartPayment
from entrepot.engine.money.endings import Way
from entrepot.engine.money.order_placement import OrderPlacement
from entrepot.engine.money.proofs import PaymentProofs
from entrepot.engine.money.recovery import Recovery
from entrepot.engine.money.refund import RefundDeliveries, Refunds
from entrepot.engine.sales.errands import SaleErrands
from entrepot.engine.sales.sales import Sales
from entrepot.engine.upkeep.housekeeping import Housekeeping
from entrepot.engine.watching import watching
from entrepot.gateways.events.http import HttpEventPoster
from entrepot.store.connections import OpenablePool, Pool, connect_engine, outbox_pool, read_pool, write_pool
from entrepot.store.sharing import SharedPool


def _as_it_is(connect: Connect) -> Connect:
    return connect


def _plain(pool: Pool) -> Pool:
    return pool


class Wiring(msgspec.Struct, frozen=True):
    """What is put around the parts where they are joined; a sandbox puts its faults there.

    `body_of` is how doors tell of events: the parts know no door. `private` is whether what accounts name may have an
    address that is not of the open internet: the server says so, and nobody else.
    """

    connect: Callable[[Connect], Connect] = _as_it_is
    reads: Callable[[Pool], Pool] = _plain
    rule: Rule = own_rule
    gateways: Wrap = unwrapped
    body_of: BodyOf = untold
    private: bool = False


class Worker:
    """The parts that the doors of one process share, and their life from start to stop."""

    def __init__(
        self,
        database_url: str,
        clock: Clock,
        wiring: Wiring | None = None,
        *,
        attempt_seconds: float = ATTEMPT_SECONDS,
        keep: Retention | None = None,
    ) -> None:
        wiring, keep = wiring or Wiring(), keep or Retention()
        self.clock = clock
        self.pool = OpenablePool(partial(read_pool, database_url))
        self.reads = SharedPool(wiring.reads(self.pool))
        self.engine = Engine(wiring.connect(partial(connect_engine, database_url)), clock, rule=wiring.rule)
        self.books = OpenablePool(partial(write_pool, database_url))
        self.gateways = Gateways(self.books, clock.now, watching(wiring.gateways), private=wiring.private)
        proofs = PaymentProofs(self.reads, self.gateways, attempt_seconds)
        errands = SaleErrands(self.gateways, attempt_seconds)
        ways: Mapping[AttemptKind, Way] = {"place": proofs, "pay": proofs, "take": errands}
        attempts = AttemptProcessor(self.engine, self.reads, ways, attempt_seconds)
        self.placement = OrderPlacement(self.engine, self.reads, self.gateways, attempts, proofs)
        self.sales = Sales(self.engine, attempts, errands)
        self.refunds = Refunds(self.engine, self.reads, self.gateways)
        self.payments = Payments(self.engine, self.reads, self.gateways)
        self.cart_payment = CartPayment(
            self.engine, attempts, proofs, self.payments, self.refunds, self.gateways
        )
        self._outbox_pool = OpenablePool(partial(outbox_pool, database_url))
        accounts = partial(settings_of, self.pool)
        consignments = Consignments(self.pool, accounts, self.gateways)
        # What nobody called for reads without the sandbox's faults, as below.
        self.carrier_events = CarrierEvents(self.engine, self.pool)
        self.rounds = CarrierRounds(self.engine, self.books, self.carrier_events)
        listeners = StoredListeners(self._outbox_pool, clock.now, private=wiring.private)
        self.outbox = Outbox(
            self._outbox_pool,
            {
                "payout": PayoutDeliveries(partial(cards_of, self.pool, self.gateways)),
                "reversal": ReversalDeliveries(partial(cards_of, self.pool, self.gateways)),
                "refund": RefundDeliveries(self.refunds),
                "payment": PaymentDeliveries(self.payments),
                "event": EventDeliveries(listeners, HttpEventPoster(), wiring.body_of),
                "mail": MailDeliveries(partial(mails_of, self.pool, self.gateways)),
                "hub-withdraw": UndoneErrands(accounts, partial(withdrawn, self.gateways)),
                LABEL_VOID: UndoneErrands(accounts, partial(voided, self.gateways)),
                CARRIER_ORDER: consignments,
                CARRIER_RETURN: consignments,
                FORGET: Forgetting(self.books),
                LABEL_MAKE: ReturnLabels(self.engine, self.pool, accounts, self.gateways),
            },
            keep=keep,
        )
        self.engine.on_message = self.outbox.poke
        # What nobody called for reads without the sandbox's faults: it must not use up those that callers shall meet.
        self._recovery = Recovery(attempts, self.pool)
        self.housekeeping = Housekeeping(self.engine, self.pool, keep)

    async def start(self) -> None:
        """Connect, and begin to work. Raises `FAULTS` where the database does not answer; then nothing has begun."""
        await self.pool.open()
        await self.books.open()
        await self._outbox_pool.open()
        await self.engine.start()
        await self.outbox.start()
        self.rounds.start()
        self._recovery.start()
        self.housekeeping.start()

    async def stop(self) -> None:
        """Finish what was accepted, then let everything go."""
        await self.housekeeping.stop()
        await self._recovery.stop()
        await self.sales.stop()
        await self.cart_payment.stop()
        await self.placement.stop()
        await self.rounds.stop()
        await self.outbox.stop()
        await self._outbox_pool.close()
        await self.engine.stop()
        await self.gateways.close()
        await self.books.close()
        await self.pool.close()
