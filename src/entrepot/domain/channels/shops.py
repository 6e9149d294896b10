"""What a shop has besides goods and buyers: languages, addresses of its pages, and who listens to its events."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from entrepot.domain.kernel.records import Record


class Language(Record, frozen=True):
    """A language in which a shop speaks (ISO 639-1)."""

    channel: int
    code: str
    active: bool
    position: int
    default_currency: str

    @property
    def key(self) -> Hashable:
        """Channel and code."""
        return (self.channel, self.code)


class PageAddress(Record, frozen=True):
    """What stands at a path of a shop. `moved_to` is the path where it stands now; then `target` still names it."""

    channel: int
    path: str
    kind: str
    target: int | None
    language: str
    moved_to: str | None

    @property
    def key(self) -> Hashable:
        """Channel and path."""
        return (self.channel, self.path)


class EventListener(Record, frozen=True):
    """Somebody who is told of events by HTTP. `owner` names the credential behind it, `secret` signs messages.

    One that stands in its account's settings has no owner.

    `tries` were made so far, of which the last `failures` failed; after several of these it is not `active`.
    """

    id: int
    channel: int
    event: str
    url: str
    owner: str
    secret: str
    active: bool
    inactive_since: datetime | None
    tries: int
    failures: int
    created_at: datetime
    changed_at: datetime

    @property
    def key(self) -> Hashable:
        """The listener's id."""
        return self.id


class ListenerLogEntry(Record, frozen=True):
    """One try to tell a listener of a subject; `status` is the HTTP status, None where none came."""

    listener: int
    id: int
    at: datetime
    subject: int
    status: int | None
    error: str

    @property
    def key(self) -> Hashable:
        """Listener and number."""
        return (self.listener, self.id)
