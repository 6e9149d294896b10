"""Locations: made, listed, read, changed and deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from msgspec import UNSET

from entrepot.domain.stock.levels import Location
from entrepot.domain.stock.locations import DeleteLocation, LocationChanges, SaveLocation
from entrepot.doors.datamingle import bodies, schemas
from entrepot.doors.datamingle.admission import Partner
from entrepot.doors.datamingle.free_objects import kept
from entrepot.doors.datamingle.identifiers import identifier
from entrepot.doors.datamingle.replies import goods as render
from entrepot.doors.datamingle.routes.group import checked, done, no_body
from entrepot.doors.datamingle.routes.records import RecordRoutes
from entrepot.doors.kit import Answer, Request
from entrepot.failures import Failure
from entrepot.failures.partners import RecordTaken, RecordUnknown
from entrepot.failures.rows import NameTaken, RowUnknown
from entrepot.store.queries.partners.goods import FIRST, list_locations, location_by
from entrepot.store.sharing import Bill


class LocationRoutes(RecordRoutes):
    """The routes of locations."""

    resource: ClassVar[str] = "locations"

    async def create(self, request: Request, partner: Partner) -> Answer:
        """Make a location (POST /locations/)."""
        body = await checked(request, schemas.NEW_LOCATION, partner)
        if isinstance(body, Failure):
            return body
        channel, code = partner.caller.channel, body["code"]
        command = SaveLocation(channel=channel, location=code, mode="make", changes=_changes(body))
        made = await self.execute(partner, command, Location)
        if isinstance(made, NameTaken):
            return RecordTaken("location", "code", code)
        return made if isinstance(made, Failure) else self._done(made, partner, 201)

    async def list(self, request: Request, partner: Partner) -> Answer:
        """A page of active locations, newest first (GET /locations/)."""
        page = await self.page(request, partner, (FIRST[0].isoformat(), str(FIRST[1])))
        if isinstance(page, Failure):
            return page
        (at, number), limit = page
        async with self.services.reads.acquire(Bill(limit)) as connection:
            found = await list_locations(
                connection, partner.caller.workspace, (datetime.fromisoformat(at), int(number)), limit + 1
            )
        rows = [self._shown(each, partner) for each in found]
        places = [(each.created_at.isoformat(), str(each.id)) for each in found]
        return await self.listed(partner, rows, places, limit)

    async def read(self, request: Request, partner: Partner) -> Answer:
        """One location (GET /locations/{identifier}/)."""
        found = await self._find(request, partner)
        return found if isinstance(found, Failure) else self._done(found, partner)

    async def update(self, request: Request, partner: Partner) -> Answer:
        """Change what was sent, and nothing else (PUT /locations/{identifier}/)."""
        body = await checked(request, schemas.LOCATION_CHANGES, partner, partial=True)
        if isinstance(body, Failure):
            return body
        found = await self._find(request, partner)
        if isinstance(found, Failure):
            return found
        channel = partner.caller.channel
        command = SaveLocation(channel=channel, location=found.id, mode="change", changes=_changes(body))
        return self._changed(await self.execute(partner, command, Location), request, partner)

    async def delete(self, request: Request, partner: Partner) -> Answer:
        """Switch a location off and delete it, if nothing is there (DELETE /locations/{identifier}/)."""
        if wrong := await no_body(request):
            return wrong
        found = await self._find(request, partner)
        if isinstance(found, Failure):
            return found
        command = DeleteLocation(channel=partner.caller.channel, location=found.id)
        return self._changed(await self.execute(partner, command, Location), request, partner)

    async def _find(self, request: Request, partner: Partner) -> Location | Failure:
        found = await self.found(request, partner, render.LOCATION, location_by)
        return found or RecordUnknown("Location", identifier(request))

    def _changed(self, outcome: Location | Failure, request: Request, partner: Partner) -> Answer:
        if isinstance(outcome, RowUnknown):
            return RecordUnknown("Location", identifier(request))
        return outcome if isinstance(outcome, Failure) else self._done(outcome, partner)

    def _shown(self, found: Location, partner: Partner) -> dict[str, Any]:
        return render.location(found, partner.caller.workspace)

    def _done(self, found: Location, partner: Partner, status: int = 200) -> Answer:
        return done(self._shown(found, partner), partner, status)


def _changes(body: bodies.LocationFields) -> LocationChanges:
    """What the body has; null and blank texts are none."""
    metadata = {"metadata": kept(body["metadata"])} if "metadata" in body else UNSET
    return LocationChanges(
        name=(body["name"] or "") if "name" in body else UNSET,
        zone=(body["zone"] or "") if "zone" in body else UNSET,
        aisle=(body["aisle"] or "") if "aisle" in body else UNSET,
        active=body.get("is_active", UNSET),
        data=metadata,
    )
