"""Ten of each harm that `make torture` does by the hour: the same code on small sizes.

Customers at all five doors keep a book of what they were told, which is held against the database at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path

from torture import scenes, world
from torture.attacks import ATTACKS
from torture.disk import can_be
from torture.figures import Scene
from torture.house import House, apply, kept
from torture.kills import Size, kills
from torture.plan import KINDS

SEED = 13
TEN = Size(blows=len(KINDS), pause=1.0, longest=2.0, each=1, every=0.2)
SHORT = scenes.Length(quiet=0.0, harm=2.0, count=10)


async def test_ten_processes_fall_or_freeze_and_the_customers_books_are_right(open_folder: Path) -> None:
    scene = await kills(open_folder, SEED, TEN, print)
    assert_right([scene])
    assert sum(len(each.times) for each in scene.recoveries) == TEN.blows


async def test_attacks_and_a_full_disk_lose_nothing(open_folder: Path) -> None:
    harm = [attacks(open_folder)]
    if can_be(open_folder / "trial"):
        harm.append(one(scenes.full_disk(open_folder, SEED, 2.0)))
    assert_right([scene for together in await asyncio.gather(*harm) for scene in together])


def assert_right(played: Sequence[Scene]) -> None:
    """Nothing was lost, doubled, oversold or stuck, and no answer was an internal error."""
    assert {scene.name: scene.faults for scene in played if scene.faults} == {}
    for scene in played:
        assert scene.book is not None
        assert scene.book.acknowledged > 0, scene


async def one(scene: Awaitable[Scene]) -> Sequence[Scene]:
    return [await scene]


async def attacks(folder: Path) -> Sequence[Scene]:
    """All kinds at once, ten connections each, and beside each a calm client, whose every order is answered."""
    house = House(folder / "attacked")
    async with kept(house):
        await apply(house, world.calm(), world.neighbour())
        played = await asyncio.gather(*(scenes.under_attack(house, kind, SEED, SHORT) for kind in ATTACKS))
    assert {scene.name: scene.book.lost_answers for scene in played if scene.book} == dict.fromkeys(
        ATTACKS, 0
    )
    return played
