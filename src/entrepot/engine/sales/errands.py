"""The errands of a sale: a label service and an order hub must agree before the order may exist.

Each is asked under the attempt's key. Where one says no, what was asked of the others is undone by the outbox, queued
in the very batch that releases the attempt. Whoever takes such an attempt over never completes it: its caller was told
nothing.
"""

from __future__ import annotations

import asyncio

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings, LabelSettings
from entrepot.domain.checkout.attempt_endings import CompleteSale
from entrepot.domain.fulfilment.records import ReturnLabel
from entrepot.domain.kernel.money import to_major
from entrepot.domain.placing.attempts import NOTHING, Attempt, Draft
from entrepot.engine.gateways import Gateways
from entrepot.engine.money.endings import EndBy, Ending, release
from entrepot.failures import Failure, Unavailable
from entrepot.failures.errands import LabelServiceFailed, OrderHubFailed
from entrepot.failures.payments import ASK_AGAIN
from entrepot.gateways.hubs.port import HubFailed, HubLine, HubOrder, TakenOver
from entrepot.gateways.labels.port import Label, LabelFailed, LabelRequest


class SaleErrands:
    """The way of attempts that take a sale: all calls of one take `seconds` together, in real time."""

    def __init__(self, gateways: Gateways, seconds: float) -> None:
        self._gateways = gateways
        self._seconds = seconds

    async def run(self, workspace: int, attempt: Attempt, settings: ChannelSettings) -> Ending:
        """Ask everybody whom the order needs; that all agree, or that one does not, is the attempt's end."""
        running = _Running(attempt)
        try:
            async with asyncio.timeout(self._seconds):
                failure = await self._label(workspace, settings, running)
                failure = failure or await self._hand_over(workspace, settings, running)
        except TimeoutError:
            failure = running.waiting_for
        if failure is not None:
            return release(attempt, failure, running.unwanted)
        made = running.label
        label = made and ReturnLabel(made.carrier, made.tracking, made.url, made.tracking_url)
        command = CompleteSale(attempt.id, attempt.order, attempt.draft, label)
        return EndBy(command, document=made.document if made else None)

    async def settle(self, workspace: int, attempt: Attempt) -> Ending:
        """Whatever was asked is undone: nobody waits for this order any more, so nobody may find it taken."""
        del workspace
        return release(attempt, Unavailable(1), attempt.draft.errands or NOTHING)

    async def _label(self, workspace: int, settings: ChannelSettings, running: _Running) -> Failure | None:
        if not running.errands.label:
            return None
        service = await self._gateways.labels(workspace, settings.labels)
        if service is None:  # the account's settings changed since the order was reserved
            return Unavailable(1)
        running.asks(LabelServiceFailed(ASK_AGAIN), label=True)
        answer = await service.make(_label_request(running.attempt, settings.labels))
        if isinstance(answer, Label):
            running.label = answer
            return None
        if not (isinstance(answer, LabelFailed) and answer.reached):
            running.undone(label=False)
        return LabelServiceFailed(ASK_AGAIN)

    async def _hand_over(
        self, workspace: int, settings: ChannelSettings, running: _Running
    ) -> Failure | None:
        draft = running.attempt.draft
        if not running.errands.hub:
            return None
        hub = await self._gateways.hubs(workspace, settings.hub)
        if hub is None:  # the account's settings changed since the order was reserved
            return Unavailable(1)
        running.asks(OrderHubFailed(ASK_AGAIN), hub=True)
        answer = await hub.hand_over(hub_order(running.attempt.uuid.hex, settings.hub.client, draft))
        if isinstance(answer, TakenOver):
            return None
        if not (isinstance(answer, HubFailed) and answer.reached):
            running.undone(hub=False)
        return OrderHubFailed(ASK_AGAIN)


class _Running:
    """The errands of one attempt while they are run: what may have been done by now."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.errands = attempt.draft.errands or NOTHING
        self.unwanted = NOTHING
        self.label: Label | None = None
        self.waiting_for: Failure = Unavailable(1)

    def asks(self, failure: Failure, **errand: bool) -> None:
        """From now on this errand may have been run; no answer in time is this failure."""
        self.waiting_for = failure
        self.unwanted = msgspec.structs.replace(self.unwanted, **errand)

    def undone(self, **errand: bool) -> None:
        """It is certain that this errand was not run."""
        self.unwanted = msgspec.structs.replace(self.unwanted, **errand)


def _label_request(attempt: Attempt, settings: LabelSettings) -> LabelRequest:
    order, errands = attempt.draft.order, attempt.draft.errands or NOTHING
    return LabelRequest(
        key=attempt.uuid.hex,
        environment=order.environment,
        reference=order.external_id or str(order.id),
        carrier=settings.carrier,
        service=errands.service,
        sender=order.ship_to,
        recipient=settings.return_to,
        inline=errands.inline,
    )


def hub_order(key: str, client: str, draft: Draft) -> HubOrder:
    """The order as its hub is told of it."""
    order = draft.order
    lines = tuple(
        HubLine(
            line.data.get("ref", ""),
            line.sku,
            line.quantity,
            to_major(line.price, order.currency) if draft.payment else None,
        )
        for line in draft.lines
    )
    name = order.external_id or str(order.id)
    return HubOrder(key, client, order.environment, name, order.currency, order.person, order.ship_to, lines)
