"""Storefronts: where an account sells. An order that was sold elsewhere may name the storefront that sold it."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from entrepot.domain.channels.edit_rows import EditRows
from entrepot.domain.kernel.commands import Decided, Decision, Ids
from entrepot.domain.kernel.ids import derived_uuid
from entrepot.domain.kernel.records import Record, View


def storefront_uuid(workspace: str, storefront: str) -> UUID:
    """The public id of a storefront that a world names, the same on every machine."""
    return derived_uuid(workspace, "storefront", storefront)


class ReturnAddress(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where buyers send back to. `region` and `country` are as the account wrote them; nothing is posted by them."""

    name: str = ""
    line1: str = ""
    line2: str = ""
    line3: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    zip: str = ""
    kind: str = ""


class Storefront(Record, frozen=True):
    """A place at which one account sells; `uuid` is its public id, `data` what only the account's door knows."""

    id: int
    channel: int
    uuid: UUID
    name: str
    return_address: ReturnAddress
    active: bool
    data: dict[str, Any]
    created_at: datetime
    changed_at: datetime

    @property
    def key(self) -> Hashable:
        """The storefront's id."""
        return self.id

    @property
    def parent(self) -> Hashable:
        """Its public id, by which orders name it."""
        return self.uuid


class EditStorefronts(EditRows, frozen=True):
    """Storefronts of one account that are made or changed together. The result is these, as they now are."""

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """See `EditRows.decide`."""
        decided = super().decide(view, now, ids)
        if not isinstance(decided, Decided):
            return decided
        return Decided(tuple(decided.changes.records(Storefront)), decided.changes)
