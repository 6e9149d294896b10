"""Passwords: argon2id, two at a time, in threads; every check costs the same whether or not there is an account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST: Final = 128
AT_ONCE: Final = 2
"""One hash takes 64 MB and a core for 50 ms: more at once would starve the calls beside it."""
MOST_WAITING: Final = 64
"""So many take about two seconds; whoever comes then had better come again."""

T = TypeVar("T")


class Passwords:
    """Hashes and checks passwords of one worker. `runs` counts the work, which must not depend on who exists."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self.runs = 0
        self._hasher = hasher or PasswordHasher()
        self._wanted = 0
        self._slots = asyncio.Semaphore(AT_ONCE)

    @property
    def busy(self) -> bool:
        """Whether so many wait that nobody should join them."""
        return self._wanted >= MOST_WAITING

    async def hash(self, password: str) -> str:
        """The hash to store, with its salt and parameters."""
        return await self._run(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one. Without a stored one the same work is done for nothing."""
        return await self._run(lambda: self._verify(stored, _bytes(password))) and stored is not None

    def _verify(self, stored: str | None, password: bytes) -> bool:
        nobody = self._nobody  # made for everybody, so that it is not the first stranger who waits for it
        try:
            return self._hasher.verify(nobody if stored is None else stored, password)
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _nobody(self) -> str:
        """A hash of no password, for accounts that do not exist."""
        return self._hasher.hash("")

    async def _run(self, work: Callable[[], T]) -> T:
        self._wanted += 1
        try:
            async with self._slots:
                self.runs += 1
                return await asyncio.to_thread(work)
        finally:
            self._wanted -= 1


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
