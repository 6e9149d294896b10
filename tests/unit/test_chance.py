"""Ids of chance: nobody else has them, in whatever thread or process they are taken."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

import pytest

from entrepot.engine.chance import random_id, random_uuid

MANY = 2_000

Take = Callable[[], bytes]


def _uuid() -> bytes:
    return random_uuid().bytes


def _ids(take: Take) -> list[bytes]:
    return [take() for _ in range(MANY)]


@pytest.mark.parametrize("take", [random_id, _uuid])
def test_threads_share_no_id(take: Take) -> None:
    with ThreadPoolExecutor(4) as threads:
        taken = [each for ids in threads.map(_ids, [take] * 4) for each in ids]
    assert {len(each) for each in taken} == {16}
    assert len(set(taken)) == len(taken)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no such children")
@pytest.mark.parametrize("take", [random_id, _uuid])
def test_a_child_has_none_of_its_parents_ids(take: Take) -> None:
    take()  # so that some are ready
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover
        os.write(writing, take())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 16) not in _ids(take)


def test_an_uuid_is_of_version_4_and_random_in_all_other_bits() -> None:
    taken = [random_uuid() for _ in range(MANY)]
    assert {(each.version, each.variant) for each in taken} == {(4, RFC_4122)}
    fixed = 0b1111 << 76 | 0b11 << 62
    ever, always = 0, -1
    for each in taken:
        ever, always = ever | each.int, always & each.int
    assert ever | fixed == 2**128 - 1
    assert always & ~fixed == 0
