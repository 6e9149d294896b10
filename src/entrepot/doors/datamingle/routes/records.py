"""What the routes of records have in common: five operations, and how one record is found."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeVar

from entrepot.doors.datamingle.admission import Partner
from entrepot.doors.datamingle.identifiers import LONGEST, fields_of, identifier
from entrepot.doors.datamingle.replies.goods import number_behind
from entrepot.doors.datamingle.routes.group import Routes
from entrepot.doors.kit import Answer, Request, Resource
from entrepot.store.connections import Connection

T = TypeVar("T")
Look = Callable[[Connection, int, str | int], Awaitable[T | None]]
"""Finds a record of a workspace by its number, or by its name."""


class RecordRoutes(Routes):
    """The routes of a resource of which there are records that go by identifiers."""

    ending: ClassVar[str] = "delete"
    """What DELETE is called by operators."""

    def resources(self) -> list[Resource]:
        """The list and the one record."""
        return [
            self.at("", POST=("create", self.create), GET=("list", self.list)),
            self.at(
                "/{identifier}",
                GET=("read", self.read),
                PUT=("update", self.update),
                DELETE=(self.ending, self.delete),
            ),
        ]

    @abstractmethod
    async def create(self, request: Request, partner: Partner) -> Answer:
        """Make a record."""

    @abstractmethod
    async def list(self, request: Request, partner: Partner) -> Answer:
        """A page of records, newest first."""

    @abstractmethod
    async def read(self, request: Request, partner: Partner) -> Answer:
        """One record."""

    @abstractmethod
    async def update(self, request: Request, partner: Partner) -> Answer:
        """Change what was sent, and nothing else."""

    @abstractmethod
    async def delete(self, request: Request, partner: Partner) -> Answer:
        """Put an end to a record."""

    async def found(self, request: Request, partner: Partner, kind: str, look: Look[T]) -> T | None:
        """The record that the path names by one of its fields; its public id is a number of this kind."""
        name, workspace = identifier(request), partner.caller.workspace
        for by in fields_of(self.resource, partner) if 0 < len(name) <= LONGEST else ():
            key = number_behind(name, kind, workspace) if by == "id" else name
            if key is None:
                continue
            async with self.services.reads.acquire() as connection:
                if (record := await look(connection, workspace, key)) is not None:
                    return record
        return None
