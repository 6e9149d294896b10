"""Storefronts: created, listed and changed (decision walmart channel details)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from entrepot.domain.channels.edit_rows import Put
from entrepot.domain.channels.storefronts import EditStorefronts, Storefront
from entrepot.domain.kernel.commands import Refused
from entrepot.doors.kit import Answer, Reply, Request, Resource
from entrepot.doors.kit.checking import Body
from entrepot.doors.walmart import bodies, schemas
from entrepot.doors.walmart.answers import attributes, checked, decoded, envelope
from entrepot.doors.walmart.errors import WireError
from entrepot.doors.walmart.failures import refusal
from entrepot.doors.walmart.reads import storefront_id
from entrepot.doors.walmart.replies.storefronts import fields, storefront
from entrepot.doors.walmart.routes.group import Routes
from entrepot.doors.walmart.routes.orders import BASES
from entrepot.doors.walmart.voices import STOREFRONTS
from entrepot.failures import Failure
from entrepot.failures.orders import InvalidInput
from entrepot.store.credentials.directory import Caller
from entrepot.store.queries.workspaces import storefronts_by_uuid, storefronts_of

_NEW: Mapping[str, Any] = {"active": True, "data": {}}
_ID = "mcsDetails[{}].orderChannelId"


class StorefrontRoutes(Routes):
    """The operations on storefronts."""

    def resources(self) -> list[Resource]:
        """One path with three methods, under both bases."""
        methods = {
            "POST": self.guarded("channel-create", STOREFRONTS, self.create),
            "GET": self.guarded("channel-list", STOREFRONTS, self.list),
            "PUT": self.guarded("channel-update", STOREFRONTS, self.update),
        }
        return [Resource(f"{base}/channel-details", methods) for base in BASES]

    async def create(self, request: Request, caller: Caller) -> Answer:
        """Make storefronts; their public ids are ours."""
        read = _read(request, schemas.NEW_CHANNELS)
        if isinstance(read, Failure):
            return read
        value, partner, channels = read
        puts = [Put(Storefront, None, fields(each, partner), _NEW) for each in channels]
        return await self._put(request, value, partner, puts, caller)

    async def update(self, request: Request, caller: Caller) -> Answer:
        """Change storefronts: what is sent takes the place of what was there."""
        read = _read(request, schemas.CHANNELS)
        if isinstance(read, Failure):
            return read
        value, partner, channels = read
        uuids = [storefront_id(each.get("orderChannelId", "")) for each in channels]
        async with self.services.reads.acquire() as connection:
            known = await storefronts_by_uuid(connection, caller.workspace, caller.channel, uuids)
        if unknown := _unknown(uuids, known):
            return InvalidInput(unknown)
        puts = [
            Put(Storefront, known[uuid].id, fields(each, partner))
            for uuid, each in zip(uuids, channels, strict=True)
        ]
        return await self._put(request, value, partner, puts, caller)

    async def list(self, request: Request, caller: Caller) -> Answer:
        """All storefronts of the account; the query's partnerId is the account's own, so it says nothing."""
        async with self.services.reads.acquire() as connection:
            found = await storefronts_of(connection, caller.workspace, caller.channel)
        return envelope("OK", attributes(request), [storefront(each) for each in found], errors=[])

    async def _put(
        self, request: Request, value: object, partner: str, puts: Sequence[Put], caller: Caller
    ) -> Reply:
        command = EditStorefronts(caller.channel, tuple(puts))
        outcome = await self.services.engine.execute(caller.workspace, command)
        if isinstance(outcome, Refused):
            return refusal(STOREFRONTS, outcome.failures, lambda _: "orderChannelId")
        # Nothing is read after they are there: a read that failed would tell their caller that they are not.
        saved = cast("tuple[Storefront, ...]", outcome)
        told = {partner: [storefront(each) for each in saved]}
        return envelope("OK", attributes(request, value), told, errors=[])


def _read(
    request: Request, body: Body[bodies.Envelope[bodies.Channels]]
) -> tuple[object, str, Sequence[bodies.Channel]] | Failure:
    """The decoded body, the partner, and the storefronts of both lists."""
    value = decoded(request)
    if isinstance(value, Failure):
        return value
    form = checked(value, body, STOREFRONTS)
    if isinstance(form, Failure):
        return form
    payload = form["payload"]
    channels = [*payload.get("mcsDetails", []), *payload.get("mcfDetails", [])]
    if not 1 <= len(channels) <= schemas.MAX_CHANNELS:
        return STOREFRONTS.wrong("mcsDetails", f"`mcsDetails` must have 1 to {schemas.MAX_CHANNELS} elements")
    return value, payload["partnerId"], channels


def _unknown(uuids: Sequence[UUID], known: Mapping[UUID, Storefront]) -> tuple[WireError, ...]:
    text = "The account has no such sales channel"
    return tuple(
        STOREFRONTS.error(text, _ID.format(index)) for index, uuid in enumerate(uuids) if uuid not in known
    )
