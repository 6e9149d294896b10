"""The simulated register: residents of one workspace, found by their numbers."""

from collections.abc import AsyncIterator

import pytest

from entrepot.gateways.addresses.port import AddressQuery, Found, FoundAddress, LookupFailed, NotFound
from entrepot.gateways.addresses.simulated import SimulatedRegister, register_residents
from entrepot.store.connections import Pool, write_pool

ADA = AddressQuery("SE", "19121212-1212")
SHOP = AddressQuery("SE", "556677-8899")
AT_HOME = FoundAddress("Storgatan 1", "111 22", "Stockholm", "SE", "Ada", "Ek")
AT_WORK = FoundAddress("Torget 2", "222 33", "Lund", "SE", company="Ek AB")


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = await write_pool(database_url, 2)
    async with pool.acquire() as connection:
        await register_residents(connection, 1, {ADA: AT_HOME, SHOP: AT_WORK})
    yield pool
    await pool.close()


async def test_residents_are_found_however_their_number_is_written(pool: Pool) -> None:
    register = SimulatedRegister(pool, 1)
    assert await register.find(AddressQuery("SE", "191212 121212")) == Found(AT_HOME)
    assert await register.find(SHOP) == Found(AT_WORK)


async def test_nobody_is_found_elsewhere_or_by_what_is_no_number(pool: Pool) -> None:
    register = SimulatedRegister(pool, 1)
    assert await SimulatedRegister(pool, 2).find(ADA) == NotFound()
    for query in (AddressQuery("NO", ADA.identity), AddressQuery("SE\0", "1"), AddressQuery("SE", ";")):
        assert await register.find(query) == NotFound()


async def test_who_moves_is_found_at_the_new_address(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await register_residents(connection, 1, {ADA: AT_WORK})
        with pytest.raises(ValueError, match="letters and digits"):
            await register_residents(connection, 1, {AddressQuery("SE", "?"): AT_HOME})
    assert await SimulatedRegister(pool, 1).find(ADA) == Found(AT_WORK)


async def test_a_register_that_cannot_be_read_is_a_failure(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("drop table residents")
    assert await SimulatedRegister(pool, 1).find(ADA) == LookupFailed("the simulated register cannot be read")
