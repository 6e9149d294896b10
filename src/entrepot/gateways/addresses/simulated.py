"""The simulated register: a list of residents for each workspace."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from entrepot.gateways.addresses.port import (
    AddressQuery,
    Found,
    FoundAddress,
    LookupFailed,
    LookupOutcome,
    NotFound,
)
from entrepot.store.connections import FAULTS, Connection, Pool

_FIND = "select address from residents where workspace = $1 and country = $2 and identity = $3"
_ALL = "select country, identity, address from residents where workspace = $1"
_REGISTER = """
insert into residents (workspace, country, identity, address)
select $1, u.country, u.identity, u.address
from unnest($2::text[], $3::text[], $4::jsonb[]) u(country, identity, address)
order by u.country, u.identity
on conflict (workspace, country, identity) do update set address = excluded.address
"""

_decode = msgspec.json.Decoder(FoundAddress).decode


class SimulatedRegister:
    """The register as one workspace sees it."""

    def __init__(self, pool: Pool, workspace: int) -> None:
        self._pool = pool
        self._workspace = workspace

    async def find(self, query: AddressQuery) -> LookupOutcome:
        """See `AddressLookup.find`."""
        identity = query.plain.identity
        if not identity or "\0" in query.country:
            return NotFound()
        try:
            async with self._pool.acquire() as connection:
                address = await connection.fetchval(_FIND, self._workspace, query.country, identity)
        except FAULTS:
            return LookupFailed("the simulated register cannot be read")
        return NotFound() if address is None else Found(_decode(address))


async def read_residents(connection: Connection, workspace: int) -> dict[AddressQuery, FoundAddress]:
    """All who are entered. Raises what asyncpg raises."""
    rows = await connection.fetch(_ALL, workspace)
    return {AddressQuery(country, number): _decode(home) for country, number, home in rows}


async def register_residents(
    connection: Connection, workspace: int, residents: Mapping[AddressQuery, FoundAddress]
) -> None:
    """Enter residents; who is entered already moves. Raises what asyncpg raises, ValueError for no number."""
    rows = {
        (query.country, _number(query)): msgspec.json.encode(home).decode()
        for query, home in residents.items()
    }
    countries, numbers = [country for country, _ in rows], [number for _, number in rows]
    await connection.execute(_REGISTER, workspace, countries, numbers, list(rows.values()))


def _number(query: AddressQuery) -> str:
    number = query.plain.identity
    if not number:
        raise ValueError("a resident's number has letters and digits only")
    return number
