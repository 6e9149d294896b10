"""The port to a register that knows where people and companies live."""

from __future__ import annotations

from typing import Annotated, Protocol, TypeAlias

import msgspec

LONGEST_IDENTITY = 40

_Short = Annotated[str, msgspec.Meta(max_length=200)]


class AddressQuery(msgspec.Struct, frozen=True):
    """Whose address is wanted: the number that a country (ISO 3166-1 alpha-2) gave a person or company.

    Its `repr` leaves the number out.
    """

    country: str
    identity: str

    @property
    def plain(self) -> AddressQuery:
        """The same query as registers keep it."""
        return AddressQuery(self.country, plain_identity(self.identity))

    def __repr__(self) -> str:
        return f"AddressQuery(country={self.country!r})"


class FoundAddress(msgspec.Struct, frozen=True, rename="camel"):
    """An address as the register has it. `company` is None for a person."""

    address1: _Short
    zip: _Short
    city: _Short
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
    first_name: _Short = ""
    last_name: _Short = ""
    company: _Short | None = None
    address2: _Short = ""
    province: _Short = ""


class Found(msgspec.Struct, frozen=True):
    """The register knows them."""

    address: FoundAddress


class NotFound(msgspec.Struct, frozen=True):
    """The register knows nobody of this number."""


class LookupFailed(msgspec.Struct, frozen=True):
    """The register said neither (decision textalk item 39). `reason` is for operators; it holds none of the query."""

    reason: str


LookupOutcome: TypeAlias = Found | NotFound | LookupFailed


class AddressLookup(Protocol):
    """Someone to ask for addresses: every failure is an answer, nothing is raised."""

    async def find(self, query: AddressQuery) -> LookupOutcome:
        """Ask for an address. Asking changes nothing."""
        ...


def plain_identity(identity: str) -> str:
    """A number as registers keep it: letters in upper case and digits, without the signs put in for reading.

    Empty for what cannot be a number.
    """
    plain = "".join(sign for sign in identity if sign not in " -+./").upper()
    return plain if plain.isascii() and plain.isalnum() and len(plain) <= LONGEST_IDENTITY else ""
