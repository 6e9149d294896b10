"""Errands undone (`hub-withdraw:<attempt>`, `label-void:<attempt>`): what was asked for nothing is taken back.

Labels of returns that were cancelled are voided in the same way (`label-void:<return>`).

Asked again until it is certain, under the attempt's key: taking back succeeds where there is nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.engine.deliveries.handler import UNREADABLE, Delivered, Failed, Job, Outcome, read_payload
from entrepot.engine.gateways import Gateways
from entrepot.gateways.hubs.port import Withdrawn
from entrepot.gateways.labels.port import Voided

SettingsOf = Callable[[int, int], Awaitable[ChannelSettings]]
"""The settings of an account as they are now, by workspace and channel. Raises `LookupError` for none."""


class _Errand(msgspec.Struct):
    key: str
    channel: int
    environment: str


UndoOf = Callable[[int, ChannelSettings, str], Awaitable[Outcome]]
"""How what was asked for under a key is taken back, for a workspace, by the settings of the account."""


class UndoneErrands:
    """Messages of one kind of errand, each undone where its account does it now."""

    def __init__(self, settings_of: SettingsOf, undo: UndoOf) -> None:
        self._settings_of = settings_of
        self._undo = undo

    async def __call__(self, job: Job) -> Outcome:
        """Undo by the message's key. An account that has no service any more keeps the message for the operator."""
        errand = read_payload(job, _Errand)
        if errand is None:
            return UNREADABLE
        settings = await self._settings_of(job.workspace, errand.channel)
        return await self._undo(job.workspace, settings, errand.key)


async def withdrawn(gateways: Gateways, workspace: int, settings: ChannelSettings, key: str) -> Outcome:
    """An order is taken back from the account's hub."""
    hub = await gateways.hubs(workspace, settings.hub)
    if hub is None:
        return Failed("the account has no order hub any more")
    answer = await hub.withdraw(key)
    return Delivered() if isinstance(answer, Withdrawn) else Failed(answer.reason)


async def voided(gateways: Gateways, workspace: int, settings: ChannelSettings, key: str) -> Outcome:
    """A label is taken back from the account's label service."""
    service = await gateways.labels(workspace, settings.labels)
    if service is None:
        return Failed("the account has no label service any more")
    answer = await service.void(key)
    return Delivered() if isinstance(answer, Voided) else Failed(answer.reason)
