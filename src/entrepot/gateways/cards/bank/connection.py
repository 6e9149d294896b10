"""The part of asyncpg that the bank uses, typed: the library itself carries no types for its queries."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


class Transaction(Protocol):
    """A transaction, committed at the end of the block unless it raises."""

    async def __aenter__(self) -> object: ...

    async def __aexit__(self, *error: object) -> object: ...


class Conn(Protocol):
    """A connection to PostgreSQL."""

    async def fetchrow(self, query: str, *args: object) -> Mapping[str, Any] | None:
        """The first row, or None."""
        ...

    async def fetch(self, query: str, *args: object) -> Sequence[Mapping[str, Any]]:
        """All rows."""
        ...

    async def fetchval(self, query: str, *args: object) -> Any:
        """The first column of the first row, or None."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement for its effect."""
        ...

    async def ahead(self, query: str, *args: object) -> None:
        """Let a statement that answers no rows travel ahead of the next one, which raises what this one does."""
        ...

    def transaction(self) -> Transaction:
        """A transaction, not yet begun."""
        ...


class Pool(Protocol):
    """A pool of connections."""

    def acquire(self) -> AbstractAsyncContextManager[Conn]:
        """A connection for the length of the block."""
        ...
