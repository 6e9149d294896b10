"""Backup and restore: complete or nothing, on the embedded server and on one of the operator's own."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from entrepot.cli import app
from entrepot.store.connections import Connection
from entrepot.store.embedded import EmbeddedPostgres, connect_or_start
from entrepot.store.upkeep import backups, migrate
from entrepot.store.upkeep.backups import BackupError, dump, restore
from tests.cli.test_operator import on, seed
from tests.support import cluster
from tests.support.cluster import not_on_citus

WHEEL = EmbeddedPostgres(Path("/nonexistent")).binary
one_server = not_on_citus("every node is backed up by itself")


def orders_in(url: str) -> int:
    found: list[int] = []

    async def count(connection: Connection) -> None:
        found.append(await connection.fetchval("select count(*) from orders"))

    on(url, count)
    return found[0]


def execute(url: str, statement: str) -> None:
    async def run(connection: Connection) -> None:
        await connection.execute(statement)

    on(url, run)


@pytest.fixture
def filled(database_url: str) -> str:
    on(database_url, seed)
    return database_url


@pytest.fixture
def copy(filled: str, tmp_path: Path) -> Path:
    file = tmp_path / "copy.dump"
    dump(filled, file, WHEEL)
    return file


@one_server
def test_a_backup_is_for_its_owner_only_and_never_overwritten(copy: Path, filled: str) -> None:
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with pytest.raises(BackupError, match="exists"):
        dump(filled, copy, WHEEL)
    assert [file.name for file in copy.parent.iterdir()] == ["copy.dump"]


@one_server
def test_a_restore_replaces_only_when_told(copy: Path, filled: str) -> None:
    execute(filled, "delete from orders")
    with pytest.raises(BackupError, match="--replace"):
        restore(filled, copy, WHEEL, replace=False)
    assert orders_in(filled) == 0
    restore(filled, copy, WHEEL, replace=True)
    assert orders_in(filled) == 2
    assert asyncio.run(migrate.read_state(filled)) is migrate.State.CURRENT


@one_server
def test_a_database_in_use_is_left_alone(copy: Path, filled: str) -> None:
    async def restore_beside(_: Connection) -> None:
        await asyncio.to_thread(restore, filled, copy, WHEEL, replace=True)

    with pytest.raises(BackupError, match="stop the server first"):
        on(filled, restore_beside)


@one_server
def test_a_broken_file_changes_nothing(copy: Path, filled: str) -> None:
    content = copy.read_bytes()
    for broken in (b"", b"nothing", content[: len(content) // 2], content[:-500]):
        copy.write_bytes(broken)
        with pytest.raises(BackupError, match="pg_restore failed"):
            restore(filled, copy, WHEEL, replace=True)
        assert orders_in(filled) == 2


@one_server
def test_a_backup_of_a_newer_release_changes_nothing(filled: str, tmp_path: Path) -> None:
    execute(filled, "update alembic_version set version_num = '9999', serves = '9999'")
    dump(filled, tmp_path / "newer", WHEEL)
    execute(filled, "update alembic_version set version_num = '0001'; delete from orders where id = 8")
    with pytest.raises(BackupError, match="newer"):
        restore(filled, tmp_path / "newer", WHEEL, replace=True)
    assert orders_in(filled) == 1


@one_server
def test_a_restore_that_was_killed_is_taken_up_again(copy: Path, filled: str) -> None:
    execute(filled, "alter schema public rename to entrepot_before_restore; create schema public")
    with pytest.raises(BackupError, match="--replace"):
        restore(filled, copy, WHEEL, replace=False)
    restore(filled, copy, WHEEL, replace=True)
    assert orders_in(filled) == 2


@one_server
def test_programs_of_another_version_are_refused(
    filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n", "utf-8")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(BackupError, match=r"is of PostgreSQL 9, the server is \d+; install"):
        dump(filled, tmp_path / "copy", backups.installed_programs)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(BackupError, match="pg_dump is not installed"):
        dump(filled, tmp_path / "copy", backups.installed_programs)


_AS_IF_SPREAD = """
set allow_system_table_mods = on;
create table pg_catalog.pg_dist_partition as select 'counters'::regclass as logicalrelid
"""


def test_a_database_that_is_spread_is_not_put_into_one_file(database_url: str, tmp_path: Path) -> None:
    if cluster.URL is None:
        execute(database_url, _AS_IF_SPREAD)
    file, to = tmp_path / "copy", ["--database-url", database_url]
    for command in (["backup", str(file), *to], ["restore", str(file), "--replace", *to]):
        done = CliRunner().invoke(app, command)
        assert (done.exit_code, "back up every node" in done.stderr) == (1, True), done.output
    assert not file.exists()


def test_the_password_is_not_on_the_command_line() -> None:
    url = "postgresql://me:se%40cret@db.example:5433/shop?sslmode=require"
    assert backups.target(url) == ["--dbname", "postgresql://me@db.example:5433/shop?sslmode=require"]
    assert backups.environment(url)["PGPASSWORD"] == "se@cret"


@contextmanager
def served(folder: Path) -> Generator[str]:
    with connect_or_start(folder) as url:
        migrate.ensure(url)
        yield url


def test_a_folder_is_backed_up_and_brought_back_elsewhere(open_folder: Path, tmp_path: Path) -> None:
    with served(open_folder / "one") as url:
        on(url, seed)
    saved = CliRunner().invoke(
        app, ["backup", str(tmp_path / "copy"), "--data-dir", str(open_folder / "one")]
    )
    assert (saved.exit_code, "personal data" in saved.output) == (0, True), saved.output
    back = CliRunner().invoke(
        app, ["restore", str(tmp_path / "copy"), "--data-dir", str(open_folder / "two")]
    )
    assert back.exit_code == 0, back.output
    with served(open_folder / "two") as url:
        assert orders_in(url) == 2
