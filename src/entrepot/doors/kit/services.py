"""What the doors work with: the engine, the order desk, plain reads, and who a credential stands for."""

from __future__ import annotations

from dataclasses import dataclass

from entrepot.doors.kit.batching import TickBatcher
from entrepot.doors.kit.endpoint import Observer
from entrepot.engine import Clock, Engine
from entrepot.engine.gateways import Vendors
from entrepot.engine.money.cart_payment import Till
from entrepot.engine.money.order_placement import OrderDesk
from entrepot.engine.worker import Worker
from entrepot.store.connections import Pool
from entrepot.store.credentials.directory import Caller, Directory, Key


@dataclass(frozen=True, slots=True)
class Services:
    """One worker process's parts, shared by its doors."""

    engine: Engine
    desk: OrderDesk
    till: Till
    vendors: Vendors
    reads: Pool
    callers: TickBatcher[Key, Caller]
    clock: Clock
    observe: Observer


def services_of(worker: Worker, observe: Observer) -> Services:
    """What the doors work with in this worker process."""
    callers = TickBatcher(Directory(worker.reads).load)
    return Services(
        worker.engine, worker.desk, worker.till, worker.vendors, worker.reads, callers, worker.clock, observe
    )
