"""Passwords: argon2id, two at a time, in threads; every check costs the same whether or not there is an account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 8
LONGEST: Final = 128
AT_ONCE: Final = 2
"""One hash takes 64 MB and a core for 50 ms: more at once would starve the calls beside it."""

T = TypeVar("T")


class Passwords:
    """Hashes and checks passwords of one worker. `runs` counts the work, which must not depend on who exists."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self.runs = 0
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("")
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """The hash to store, with its salt and parameters."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one. Without a stored one the same work is done for nothing."""
        matches = await self._run(lambda: self._matches(stored or self._nobody, password))
        return matches and stored is not None

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        async with self._slots:
            self.runs += 1
            return await asyncio.to_thread(work)
