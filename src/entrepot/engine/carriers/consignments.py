"""Consignments (`carrier:<order>`, `carrier-return:<return>`): a channel's carrier is told what there is to carry.

What is told is read when it is told: an order of which nothing is left to be sent or on its way is withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.domain.fulfilment.consign import RETURN
from entrepot.domain.kernel.quantity import in_whole
from entrepot.engine.clock import real_now
from entrepot.engine.deliveries.errands import SettingsOf
from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Failed, Job, Outcome, read_payload
from entrepot.engine.gateways import Gateways
from entrepot.gateways.carriers.port import CarriedLine, CarrierFailed, Consignment, Destination
from entrepot.store.connections import Pool
from entrepot.store.queries.after_sale.consignments import Carriage, read_carriage


class _Told(msgspec.Struct):
    channel: int
    at: datetime


class Consignments:
    """Tells each channel's carrier how its orders and returns stand."""

    def __init__(
        self,
        reads: Pool,
        settings_of: SettingsOf,
        gateways: Gateways,
        *,
        clock: Callable[[], datetime] = real_now,
    ) -> None:
        self._reads = reads
        self._settings_of = settings_of
        self._gateways = gateways
        self._clock = clock

    async def __call__(self, job: Job) -> Outcome:
        """Announce or withdraw. A channel that has no carrier any more has nobody left to tell."""
        told = read_payload(job, _Told)
        if told is None or job.number is None:
            return UNREADABLE
        settings: ChannelSettings = await self._settings_of(job.workspace, told.channel)
        carrier = await self._gateways.carriers(job.workspace, told.channel, settings.carrier)
        if carrier is None:
            return Delivered()
        number = job.number if job.listener.startswith(f"{RETURN}:") else None
        async with self._reads.acquire() as connection:
            found = await read_carriage(connection, job.workspace, job.subject, number)
        if found is None:
            return Delivered()
        if found.left:
            answer = await carrier.announce(_consignment(found, told.at), self._clock())
        else:
            answer = await carrier.withdraw(found.key, self._clock())
        return Failed(answer.reason) if isinstance(answer, CarrierFailed) else Delivered()


def _consignment(found: Carriage, at: datetime) -> Consignment:
    order, ret = found.order, found.ret
    lines = tuple(
        CarriedLine(line.no, line.part, line.sku, line.name, in_whole(quantity, line.scale))
        for line, quantity in found.left
    )
    parts = dict.fromkeys(line.part for line, _ in found.left)
    places = {part.no: part.ship_to or order.ship_to for part in found.parts}
    return Consignment(
        found.key,
        "order" if ret is None else "return",
        order.environment,
        order.id,
        None if ret is None else ret.id,
        (order.external_id or str(order.id)) if ret is None else ret.name or str(ret.id),
        at,
        tuple(Destination(part, places.get(part)) for part in sorted(parts)),
        lines,
    )
