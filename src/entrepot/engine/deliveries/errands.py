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


class HubWithdrawals:
    """Takes orders back from their account's hub."""

    def __init__(self, settings_of: SettingsOf, gateways: Gateways) -> None:
        self._settings_of = settings_of
        self._gateways = gateways

    async def __call__(self, job: Job) -> Outcome:
        """Withdraw by the attempt's key. An account that has no hub any more keeps the message for the operator."""
        errand = read_payload(job, _Errand)
        if errand is None:
            return UNREADABLE
        settings = await self._settings_of(job.workspace, errand.channel)
        hub = await self._gateways.hubs(job.workspace, settings.hub)
        if hub is None:
            return Failed("the account has no order hub any more")
        answer = await hub.withdraw(errand.key)
        return Delivered() if isinstance(answer, Withdrawn) else Failed(answer.reason)


class LabelVoids:
    """Takes labels back from their account's label service."""

    def __init__(self, settings_of: SettingsOf, gateways: Gateways) -> None:
        self._settings_of = settings_of
        self._gateways = gateways

    async def __call__(self, job: Job) -> Outcome:
        """Void by the label's key. An account that has no service any more keeps the message for the operator."""
        errand = read_payload(job, _Errand)
        if errand is None:
            return UNREADABLE
        settings = await self._settings_of(job.workspace, errand.channel)
        service = await self._gateways.labels(job.workspace, settings.labels)
        if service is None:
            return Failed("the account has no label service any more")
        answer = await service.void(errand.key)
        return Delivered() if isinstance(answer, Voided) else Failed(answer.reason)
