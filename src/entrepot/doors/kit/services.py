"""What the doors work with: the engine, the order placement, plain reads, and who a credential stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from entrepot.doors.kit.batching import TickBatcher
from entrepot.doors.kit.observing.calls import note
from entrepot.doors.kit.observing.exchanges import Observer
from entrepot.engine import Clock, Engine
from entrepot.engine.gateways import Gateways
from entrepot.engine.guesses import Guesses
from entrepot.engine.money.cart_payment import CartPayment
from entrepot.engine.money.order_placement import OrderPlacement
from entrepot.engine.sales.sales import Sales
from entrepot.engine.worker import Worker
from entrepot.store.credentials.directory import Caller, Directory, Key
from entrepot.store.sharing import SharedPool

LOOKUPS: Final = 1
"""So many look-ups of credentials are under way at once in one worker: one statement for all who came meanwhile costs
less than two for half of them each. It begins after its callers came, so that a revocation holds at once."""


@dataclass(frozen=True, slots=True)
class Services:
    """One worker process's parts, shared by its doors."""

    engine: Engine
    placement: OrderPlacement
    cart_payment: CartPayment
    sales: Sales
    gateways: Gateways
    reads: SharedPool
    callers: TickBatcher[Key, Caller]
    clock: Clock
    observe: Observer
    guesses: Guesses


def services_of(worker: Worker, observe: Observer) -> Services:
    """What the doors work with in this worker process."""
    callers = TickBatcher(Directory(worker.reads).load, LOOKUPS)
    worker.engine.on_outcome = note
    return Services(
        worker.engine,
        worker.placement,
        worker.cart_payment,
        worker.sales,
        worker.gateways,
        worker.reads,
        callers,
        worker.clock,
        observe,
        Guesses(worker.engine),
    )
