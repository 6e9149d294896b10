"""Partners' own words: the mapping that is in use, made ready, for every request."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from entrepot.domain.mapping.explain import explain
from entrepot.domain.mapping.plan import Plan, Unmappable
from entrepot.doors.datamingle.resources import RESOURCES
from entrepot.doors.datamingle.speech import OWN_WORDS, Speech
from entrepot.doors.kit import Services, TickBatcher, decode_json
from entrepot.doors.kit.observing import calls as observed
from entrepot.doors.kit.observing.calls import Moved, Story
from entrepot.failures import Failure, Unavailable
from entrepot.failures.partners import PayloadUnmappable
from entrepot.store.connections import FAULTS
from entrepot.store.queries.partners.mappings import Active, HeadName, active_versions, mapping_version

MOST_TOLD: Final = 500
"""So many fields of one payload the integration log tells of."""
MOST_KEPT: Final = 1_000
"""How many versions stay ready; they never change, so nothing of them grows old."""


class Mapped:
    """A partner's words for one resource."""

    def __init__(self, plan: Plan, resource: str = "", version: int | None = None) -> None:
        self._plan = plan
        self._name = (resource, version)
        self.identifier = plan.identifier

    def inward(self, payload: Any, *, partial: bool) -> Any | Failure:
        """The payload in the API's own words."""
        found = self._plan.inward(payload, partial=partial)
        return PayloadUnmappable(found.reason) if isinstance(found, Unmappable) else found

    def story(self, body: bytes, *, partial: bool) -> Story:
        """How a body is put into the API's own words, for whoever asks later; it is read anew then."""
        # What was read would take ten times as much while it waits.
        return lambda: _told(self._plan, *self._name, decode_json(body, exact=True), partial)

    def outward(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record in the partner's words."""
        return self._plan.outward(record)

    def element(self, field: str, record: dict[str, Any]) -> dict[str, Any]:
        """A record that stands alone, in the partner's words."""
        return self._plan.element(field, record)

    def name(self, path: Sequence[str | int]) -> str:
        """What the partner calls a field."""
        return self._plan.name(path)


def _told(plan: Plan, resource: str, version: int | None, payload: Any, partial: bool) -> observed.Mapped:
    """The mapped payload and the provenance of its fields, as the integration log keeps them."""
    found = explain(plan, payload, partial=partial)
    moved = [Moved(each.field, each.source, each.rule) for each in found.origins]
    missing = [
        Moved("", None, each.source, missing=True, meant=each.meant, optional=not each.required)
        for each in found.missing
    ]
    # What was missing is what somebody looks for: it is told first where not all can be.
    moved = [*missing, *moved][:MOST_TOLD]
    return observed.Mapped(resource, version, found.mapped, tuple(moved), found.dropped[:MOST_TOLD])


class Speeches:
    """The words of every partner: which version counts is read for every request, batched per tick."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._heads = TickBatcher[HeadName, Active](self._load)
        self._ready: OrderedDict[tuple[HeadName, Active], Mapped] = OrderedDict()

    async def of(self, workspace: int, channel: int, resource: str) -> Speech | Failure:
        """The words in which a partner speaks of a resource now."""
        name = (workspace, channel, resource)
        try:
            active = await self._heads.get(name)
            return OWN_WORDS if active is None else await self._version(name, active)
        except FAULTS:
            return Unavailable(1)

    async def _version(self, name: HeadName, active: Active) -> Speech:
        known = self._ready.get((name, active))
        if known is not None:
            self._ready.move_to_end((name, active))
            return known
        async with self._services.reads.acquire() as connection:
            found = await mapping_version(connection, name, active.version)
        if found is None:
            return OWN_WORDS  # the channel went meanwhile, and its mappings with it
        definition, read = found
        made = Mapped(Plan(definition, RESOURCES[name[2]]), name[2], read.version)
        self._ready[name, read] = made
        if len(self._ready) > MOST_KEPT:
            self._ready.popitem(last=False)
        return made

    async def _load(self, names: list[HeadName]) -> Mapping[HeadName, Active]:
        async with self._services.reads.acquire() as connection:
            return await active_versions(connection, names)
