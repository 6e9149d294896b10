"""The label of a return: asked for when it is opened, told once it is made, voided when nothing comes back any more.

A return exists without its label: the service is asked by the outbox, for as long as that tries.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from entrepot.domain.channels.accounts import Channel
from entrepot.domain.fulfilment.records import ReturnLabel
from entrepot.domain.fulfilment.returns.work import ReturnCommand, Returning, Told
from entrepot.domain.kernel.commands import Decided, Decision, Ids
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.outbox.deliveries import Delivery

MAKE: Final = "return-label"
"""The listener that asks for a return's label: `return-label:<return>`."""
VOID: Final = "label-void"
"""The listener that takes a label back: `label-void:<return>`, or `label-void:<attempt>` of an order."""


class NoteLabel(ReturnCommand, frozen=True, kw_only=True):
    """The label service made the return's label. The result is `ReturnState`; to say it again changes nothing."""

    label: ReturnLabel

    def act(self, work: Returning, told: Told, view: View, ids: Ids) -> Decision:
        """Never refused; a return that was cancelled meanwhile has none, and its label is being voided."""
        del view, ids
        if work.ret.label == self.label or work.is_cancelled:
            return Decided(work.state(), Changes())
        work.ret = msgspec.structs.replace(work.ret, label=self.label)
        return work.finished("labelled", told, tracking=self.label.tracking)


def ask_for_label(work: Returning, channel: Channel | None, now: datetime, ids: Ids) -> None:
    """Queue the request for a label, where the channel has a service that makes them."""
    if channel is None or channel.settings.labels.gateway == "none":
        return
    work.ret = msgspec.structs.replace(work.ret, label_key=ids.uuid())
    work.changes.put(_message(work, MAKE, channel.id, now))


def void_label(work: Returning) -> None:
    """Queue that the label is taken back, where nothing of the return comes back any more."""
    if work.ret.label_key is None or not work.is_cancelled:
        return
    channel = work.order.channel if work.ret.channel is None else work.ret.channel
    work.changes.put(_message(work, VOID, channel, work.now))
    work.ret = msgspec.structs.replace(work.ret, label=None)


def _message(work: Returning, listener: str, channel: int, now: datetime) -> Delivery:
    key = work.ret.label_key.hex if work.ret.label_key else ""
    payload = {"key": key, "channel": channel, "environment": work.order.environment}
    return Delivery(work.order.id, f"{listener}:{work.ret.id}", 1, payload, now)
