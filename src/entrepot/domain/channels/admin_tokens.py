"""Tokens of administrators who have logged in."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta

from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids
from entrepot.domain.kernel.records import Changes, Record, View


class AdminToken(Record, frozen=True):
    """What an administrator gets for a password, good until `expires_at`; only its hash is kept.

    `proof` is the password's: a token ends with the password that it was got for.
    """

    hash: bytes
    administrator: int
    created_at: datetime
    expires_at: datetime
    proof: bytes

    @property
    def key(self) -> Hashable:
        """The token's hash."""
        return self.hash


class GrantToken(Command, frozen=True):
    """An administrator has logged in."""

    hash: bytes
    administrator: int
    proof: bytes
    lifetime: timedelta

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Keep the token's hash."""
        del view, ids
        token = AdminToken(self.hash, self.administrator, now, now + self.lifetime, self.proof)
        return Decided(token, Changes([token]))
