"""A data folder that PostgreSQL 16 wrote comes to 18 with everything in it, however often that is interrupted."""

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.test_operator import on, seed
from tests.worlds.conftest import connect, contents
from typer.testing import CliRunner, Result

from entrepot.cli import app
from entrepot.store.embedded import EmbeddedPostgres, UpgradeInterruptedError
from entrepot.store.embedded.account import server_account
from entrepot.store.embedded.binaries import find_major
from entrepot.store.embedded.folder import Folder
from entrepot.store.embedded.process import start_server, stop_server
from entrepot.store.embedded.supervisor import connection_url
from entrepot.store.upkeep import migrate

OLD = "16"


def everything(url: str) -> dict[str, list[str]]:
    async def read() -> dict[str, list[str]]:
        connection = await connect(url)
        try:
            return await contents(connection)
        finally:
            await connection.close()

    return asyncio.run(read())


def ask(url: str, question: str) -> str:
    async def read() -> str:
        connection = await connect(url)
        try:
            return str(await connection.fetchval(question))
        finally:
            await connection.close()

    return asyncio.run(read())


def old_programs(folder: Folder) -> Path:
    installation = find_major(folder.account, folder.root, OLD)
    assert installation is not None
    return installation.programs


@contextmanager
def old_server(folder: Folder, programs: Path) -> Generator[str]:
    socket_folder = folder.make_socket_folder()
    process = start_server(folder, programs, socket_folder)
    try:
        yield connection_url(socket_folder)
    finally:
        stop_server(process.pid, lambda: process.poll() is not None)


@pytest.fixture(scope="module")
def made(open_folder: Path) -> tuple[Path, dict[str, list[str]]]:
    """A data folder of a shop, written by PostgreSQL 16, and all that it holds; tests copy it."""
    folder = Folder(open_folder / "sixteen", server_account())
    folder.prepare()
    programs = old_programs(folder)
    folder.cluster.mkdir(mode=0o700)
    folder.account.own(folder.cluster)
    initdb = [programs / "initdb", "-D", folder.cluster, "-U", "postgres", "--auth-local=trust", "--no-sync"]
    done = folder.account.run([*map(str, initdb), "--locale=C", "--encoding=UTF8"])
    assert done.returncode == 0, done.stderr
    with old_server(folder, programs) as url:
        on(url.replace("/entrepot?", "/postgres?"), lambda each: each.execute("create database entrepot"))
        migrate.ensure(url)
        on(url, seed)
        assert ask(url, "show server_version").startswith(OLD)
        return folder.root, everything(url)


@pytest.fixture
def data_dir(made: tuple[Path, object], open_folder: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = open_folder / request.node.name
    subprocess.run(["cp", "-a", made[0], folder], check=True)
    yield folder
    shutil.rmtree(folder)


def upgrade(data_dir: Path) -> Result:
    return CliRunner().invoke(app, ["upgrade-data", "--data-dir", str(data_dir)])


KILLED = """
import os, signal, sys
from pathlib import Path
from entrepot.store.embedded.upgrade import upgrade
rename = Path.rename
def killed(self, target):
    if (self.name, Path(target).name) == tuple(sys.argv[2:]):
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.rename = killed
upgrade(Path(sys.argv[1]))
"""


def upgrade_killed_before_rename(data_dir: Path, source: str, target: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, data_dir, source, target], check=False)
    assert done.returncode == -signal.SIGKILL


def test_upgrade_survives_kills_and_keeps_everything(
    data_dir: Path, made: tuple[Path, dict[str, list[str]]]
) -> None:
    for names in (
        ("dump.partial", "dump"),
        ("postgres", "postgres.16"),
        ("postgres-from-16", "postgres"),
    ):
        upgrade_killed_before_rename(data_dir, *names)
    with pytest.raises(UpgradeInterruptedError, match="entrepot upgrade-data"):
        EmbeddedPostgres(data_dir).start()
    done = upgrade(data_dir)
    assert done.exit_code == 0, done.output
    assert f"in {data_dir}/postgres.16" in " ".join(done.output.split())
    with EmbeddedPostgres(data_dir) as url:
        assert ask(url, "show server_version").startswith("18")
        assert everything(url) == made[1]
        provider = "select datlocprovider::text || datlocale from pg_database where datname = 'entrepot'"
        assert ask(url, provider) == "bC.UTF-8"
    assert (data_dir / "postgres.16" / "PG_VERSION").read_text("utf-8") == "16\n"
    assert not (data_dir / "upgrade").exists()
    assert "already" in upgrade(data_dir).output


def test_upgrade_is_refused_while_a_server_runs(data_dir: Path) -> None:
    (data_dir / "postgres").rename(data_dir / "aside")
    with EmbeddedPostgres(data_dir) as url:
        refused = upgrade(data_dir)
        assert refused.exit_code == 1
        assert "is in use" in refused.output
        assert ask(url, "select 1") == "1"


def test_upgrade_that_cannot_be_done_changes_nothing(data_dir: Path, open_folder: Path) -> None:
    kept = data_dir / "postgres.16"
    kept.mkdir()
    assert "move it elsewhere" in upgrade(data_dir).output
    kept.rmdir()
    version = data_dir / "postgres" / "PG_VERSION"
    version.write_text("12\n", "utf-8")
    assert "written by PostgreSQL 12" in upgrade(data_dir).output
    assert version.read_text("utf-8") == "12\n"
    absent = open_folder / "absent"
    assert "no Entrepôt data" in upgrade(absent).output
    assert not absent.exists()


def test_data_of_a_newer_release_is_not_upgraded(
    data_dir: Path, made: tuple[Path, dict[str, list[str]]]
) -> None:
    folder = Folder(data_dir, server_account())
    programs = old_programs(folder)
    with old_server(folder, programs) as url:
        on(url, lambda each: each.execute("update alembic_version set version_num = '9999', serves = '9999'"))
    refused = upgrade(data_dir)
    assert refused.exit_code == 1
    assert "newer" in refused.output
    with old_server(folder, programs) as url:
        assert everything(url) == made[1] | {"alembic_version": ["(9999,9999)"]}
