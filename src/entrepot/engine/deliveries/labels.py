"""Labels of returns (`return-label:<return>`): the opening channel's service is asked until the label is there."""

from __future__ import annotations

import msgspec

from entrepot.domain.channels.accounts import LabelSettings
from entrepot.domain.fulfilment.records import ReturnLabel
from entrepot.domain.fulfilment.returns.label import NoteLabel
from entrepot.domain.kernel.commands import Refused
from entrepot.engine.batches.engine import Engine
from entrepot.engine.deliveries.errands import SettingsOf
from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Failed, Job, Outcome, read_payload
from entrepot.engine.gateways import Gateways
from entrepot.failures import TemporaryFailure
from entrepot.gateways.labels.port import Label, LabelRequest
from entrepot.store.connections import Pool
from entrepot.store.queries.after_sale.labels import ReturnedOrder, read_returned


class _Wanted(msgspec.Struct):
    key: str
    channel: int


class ReturnLabels:
    """Asks for each label under the return's own key, however often, and notes on the return what was made."""

    def __init__(self, engine: Engine, reads: Pool, settings_of: SettingsOf, gateways: Gateways) -> None:
        self._engine = engine
        self._reads = reads
        self._settings_of = settings_of
        self._gateways = gateways

    async def __call__(self, job: Job) -> Outcome:
        """Have the label made. For a return that is gone, or of which nothing comes back, nothing is left to do."""
        wanted = read_payload(job, _Wanted)
        if wanted is None or job.number is None:
            return UNREADABLE
        async with self._reads.acquire() as connection:
            found = await read_returned(connection, job.workspace, job.subject, job.number)
        if found is None or not found.comes_back:
            return Delivered()
        settings = (await self._settings_of(job.workspace, wanted.channel)).labels
        service = await self._gateways.labels(job.workspace, settings)
        if service is None:
            return Failed("the account has no label service any more")
        answer = await service.make(_request(wanted.key, settings, found))
        if not isinstance(answer, Label):
            return Failed(answer.reason)
        return await self._noted(job, answer)

    async def _noted(self, job: Job, made: Label) -> Outcome:
        label = ReturnLabel(made.carrier, made.tracking, made.url, made.tracking_url)
        command = NoteLabel(order=job.subject, return_id=job.number or 0, label=label)
        outcome = await self._engine.execute(job.workspace, command)
        if isinstance(outcome, Refused) and isinstance(outcome.failures[0], TemporaryFailure):
            return Failed("the label could not be written down")
        return Delivered()


def _request(key: str, settings: LabelSettings, found: ReturnedOrder) -> LabelRequest:
    order = found.order
    return LabelRequest(
        key,
        order.environment,
        found.ret.name or order.external_id or str(order.id),
        settings.carrier,
        sender=order.ship_to,
        recipient=settings.return_to,
    )
