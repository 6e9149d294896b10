"""What the doors work with: the engine, plain reads, and who a credential stands for."""

from __future__ import annotations

from dataclasses import dataclass

from entrepot.doors.kit.batching import TickBatcher
from entrepot.doors.kit.endpoint import Observer
from entrepot.engine import Clock, Engine
from entrepot.store.connections import Pool
from entrepot.store.directory import Caller, Key


@dataclass(frozen=True, slots=True)
class Services:
    """One worker process's parts, shared by its doors."""

    engine: Engine
    reads: Pool
    callers: TickBatcher[Key, Caller]
    clock: Clock
    observe: Observer
