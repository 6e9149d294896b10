"""Simulators forget (`forget:<order>`): what they have of orders that were deleted goes, some time after these."""

from __future__ import annotations

import msgspec

from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Job, Outcome, read_payload
from entrepot.gateways.carriers.simulated import forget_orders
from entrepot.gateways.labels.simulated import forget_labels
from entrepot.store.connections import Pool


class _Gone(msgspec.Struct):
    orders: tuple[int, ...]
    labels: tuple[str, ...]
    paths: tuple[str, ...]


class Forgetting:
    """Deletes from the simulators' own books. `books` is their pool."""

    def __init__(self, books: Pool) -> None:
        self._books = books

    async def __call__(self, job: Job) -> Outcome:
        """Forget all of it at once; what is forgotten already does no harm."""
        gone = read_payload(job, _Gone)
        if gone is None:
            return UNREADABLE
        async with self._books.acquire() as connection, connection.transaction():
            await forget_orders(connection, job.workspace, gone.orders)
            await forget_labels(connection, job.workspace, gone.labels, gone.paths)
        return Delivered()
