"""Ids of chance: nobody else has them, in whatever thread or process they are taken."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from entrepot.engine.chance import random_id, random_uuid

MANY = 2_000


def _ids(_: int = 0) -> list[bytes]:
    return [random_id() for _ in range(MANY)]


def test_threads_share_no_id() -> None:
    with ThreadPoolExecutor(4) as threads:
        taken = [each for ids in threads.map(_ids, range(4)) for each in ids]
    assert {len(each) for each in taken} == {16}
    assert len(set(taken)) == len(taken)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no such children")
def test_a_child_has_none_of_its_parents_ids() -> None:
    random_id()  # so that some are ready
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover
        os.write(writing, random_id())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 16) not in _ids()


def test_an_uuid_is_of_version_4() -> None:
    assert random_uuid().version == 4
