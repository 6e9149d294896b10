"""Mappings as they are kept: versions, which never change, and the head that says which one is in use."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from entrepot.domain.kernel.records import Record
from entrepot.domain.mapping.definition import Definition


class MappingVersion(Record, frozen=True):
    """One version of the mapping of a channel's resource."""

    channel: int
    resource: str
    version: int
    definition: Definition
    created_at: datetime

    @property
    def key(self) -> Hashable:
        """Channel, resource and version."""
        return (self.channel, self.resource, self.version)


class MappingHead(Record, frozen=True):
    """Which version a channel's resource is mapped by (None: by none), and which is the latest."""

    channel: int
    resource: str
    active: int | None
    latest: int

    @property
    def key(self) -> Hashable:
        """Channel and resource."""
        return (self.channel, self.resource)
