"""What a world file is read with can be stored: no value that its rules take is then refused by the database."""

from __future__ import annotations

import copy
import json
import os
import tomllib
from collections.abc import Iterator
from random import Random
from typing import Any

import asyncpg
import pytest

from entrepot.store.connections import Connection
from entrepot.worlds import World, apply_world, load_world
from tests.worlds.conftest import NOW
from tests.worlds.test_apply import DEMO

TRIED = 20
"""How many worlds are applied: each holds one value at its edge."""
TEXTS = (
    "",
    "\0",
    "a\0b",
    "\ud800",
    "\U0001f9e5" * 255,
    "x" * 255,
    "x" * 63,
    "0",
    "9" * 12,
    "9" * 12 + ".9999",
    "9" * 9,
)
NUMBERS = (
    *(0, -1, 1, 2**15, 2**31 - 1, 2**31, 10**9, 10**12, 2**53 - 1, 2**53, 2**63 - 1, 2**63),
    *(-(2**31), -(10**12), -(2**63) - 1),
)


def leaves(value: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of each value that holds no others."""
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if inner is None:
        yield steps
        return
    for key, each in inner:
        yield from leaves(each, (*steps, key))


def at_the_edge(data: Any, random: Random) -> Iterator[tuple[str, World]]:
    """Worlds with one value at an edge of what can be stored, where the file's rules let it pass."""
    for place in random.sample(found := [*leaves(data)], len(found)):
        changed = copy.deepcopy(data)
        parent = changed
        for step in place[:-1]:
            parent = parent[step]
        values = TEXTS if isinstance(parent[place[-1]], str) else NUMBERS
        for value in random.sample(values, len(values)):
            parent[place[-1]] = value
            world = load_world(json.dumps(changed))
            if isinstance(world, World):
                yield f"{'/'.join(map(str, place))} = {json.dumps(value)[:40]}", world


async def try_out(connection: Connection, random: Random, most: int) -> None:
    refused: list[str] = []
    tried = 0
    for tried, (what, world) in enumerate(at_the_edge(tomllib.loads(DEMO), random), 1):
        try:
            await apply_world(connection, world, now=NOW, dry_run=True)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OverflowError, UnicodeError) as error:
            refused.append(f"{what}: {error!r}")
        if tried == most:
            break
    assert not refused, "\n".join(refused)
    assert tried == most


async def test_a_world_that_is_read_can_be_stored(connection: Connection) -> None:
    await try_out(connection, Random("worlds"), TRIED)


@pytest.mark.torture
async def test_a_world_that_is_read_can_be_stored_whatever_stands_where(connection: Connection) -> None:
    seed = os.urandom(8).hex()
    print(f"seed {seed}")
    await try_out(connection, Random(seed), 1200)
