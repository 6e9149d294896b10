"""One warning where settings of the database may cost what was acknowledged, and none where they cost nothing."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from entrepot.checks.durability import durability
from entrepot.config import Settings
from entrepot.serving.parent import _warn
from entrepot.store.connections import connect
from entrepot.store.places import places_of


@pytest.fixture
async def hasty_url(database_url: str) -> str:
    """A database that answers before it has written."""
    connection = await connect(database_url)
    name = await connection.fetchval("select current_database()")
    await connection.execute(f"alter database {name} set synchronous_commit = off")
    await connection.close()
    return database_url


def twice(url: str) -> str:
    """The same server named twice, as if one of the two could take the other's place."""
    (place,) = places_of(url)
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    hosts = f"host={place.host},{place.host}&port={place.port}"
    return f"{parts.scheme}://{user}{at}{parts.path}?{hosts}"


async def told(url: str) -> list[str]:
    return [f"{each.severity} {each.law}: {each.detail.partition(':')[0]}" for each in await durability(url)]


async def test_a_database_by_itself_that_writes_before_it_answers_is_no_matter(database_url: str) -> None:
    assert await told(database_url) == []


async def test_one_that_answers_before_it_has_written_is_told(hasty_url: str) -> None:
    assert await told(hasty_url) == ["warning durability: synchronous_commit is off"]
    assert len(await told(twice(hasty_url))) == 1


async def test_standbys_that_nobody_waits_for_are_told(database_url: str) -> None:
    assert await told(twice(database_url)) == ["warning durability: synchronous_standby_names is empty"]


def test_a_server_says_so_when_it_starts_unless_it_is_a_sandbox(hasty_url: str, tmp_path: Path) -> None:
    def said(settings: Settings) -> list[str]:
        with capture_logs() as lines:
            _warn(settings, hasty_url)
        return [f"{line['log_level']} {line['event'].partition(':')[0]}" for line in lines]

    assert said(Settings(database_url=hasty_url)) == ["warning synchronous_commit is off"]
    assert said(Settings(database_url=hasty_url, sandbox=True)) == []
    assert said(Settings(data_dir=tmp_path)) == []
