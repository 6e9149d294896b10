"""Access tokens: what a caller gets for its credential, good for a while (RFC 6749)."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta

from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids
from entrepot.domain.kernel.records import Changes, Record, View


class AccessToken(Record, frozen=True):
    """A token that stands for a credential until `expires_at`; only its hash is kept.

    Whose it is and what it may says the credential: a token of one that was revoked opens nothing.
    """

    hash: bytes
    credential: int
    created_at: datetime
    expires_at: datetime

    @property
    def key(self) -> Hashable:
        """The token's hash."""
        return self.hash


class GrantAccess(Command, frozen=True):
    """The bearer of a credential asked for a token."""

    hash: bytes
    credential: int
    lifetime: timedelta

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Keep the token's hash."""
        del view, ids
        token = AccessToken(self.hash, self.credential, now, now + self.lifetime)
        return Decided(token, Changes([token]))
