"""The supervisor of the embedded PostgreSQL survives what a laptop and an operator do to it."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from entrepot.store.embedded import (
    EmbeddedPostgres,
    FolderInUseError,
    FolderUnusableError,
    OtherMajorVersionError,
    binaries,
    connect_or_start,
    process,
    supervisor,
)

OWNER = """
import sys, time
from pathlib import Path
from entrepot.store.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
print(server.start(), flush=True)
time.sleep(600)
"""


def ask(url: str, question: str) -> object:
    async def on_connection() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(on_connection())


def server_pid(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text("utf-8").split()[0])


def start_owner(data_dir: Path) -> tuple["subprocess.Popen[str]", str]:
    """A process of its own that owns the server, and its URL."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, data_dir], stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert owner.stdout is not None
    return owner, owner.stdout.readline().strip()


def kill(owner: "subprocess.Popen[str]") -> None:
    owner.kill()
    owner.wait()
    assert owner.stdout is not None
    owner.stdout.close()


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def servers_on(data_dir: Path) -> list[int]:
    cluster = str(data_dir / "postgres")
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if cluster in (process.info["cmdline"] or [])
    ]


def wait_until(condition: Callable[[], bool], limit: float = 60) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def made(open_folder: Path) -> Path:
    """A data folder that was used once and stopped cleanly; tests copy it, which is faster than initdb."""
    data_dir = open_folder / "made"
    with EmbeddedPostgres(data_dir) as url:
        ask(url, "create table kept as select 7 as n")
    return data_dir


@pytest.fixture
def data_dir(made: Path, open_folder: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A data folder of this test's own whose table `kept` holds 7."""
    folder = open_folder / request.node.name
    subprocess.run(["cp", "-a", made, folder], check=True)
    yield folder
    wait_until(lambda: not servers_on(folder))
    shutil.rmtree(folder)


def test_cluster_has_the_collation_and_durability_that_we_promise(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as url:
        assert ask(
            url, "select datlocprovider::text || datlocale from pg_database where datname = 'entrepot'"
        ) == ("bC.UTF-8")
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert ask(url, f"show {setting}") == "on"
        assert ask(url, "show listen_addresses") == ""
        assert ask(url, "select n from kept") == 7


def test_stop_leaves_no_process_and_no_socket_folder(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        pid = server_pid(data_dir)
        folder = Path((data_dir / "postgres" / "postmaster.pid").read_text("utf-8").splitlines()[4])
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not is_running(pid)
    assert not folder.exists()


def test_restart_on_an_existing_folder_makes_no_new_cluster(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(supervisor, "make_cluster")
    with EmbeddedPostgres(data_dir) as url:
        assert ask(url, "select n from kept") == 7


def test_path_with_blanks_and_quotes(open_folder: Path, made: Path) -> None:
    odd = open_folder / "a b, 'c' \"d\" é"
    shutil.copytree(made, odd, copy_function=shutil.copy2)
    subprocess.run(["cp", "-a", f"{made}/.", odd], check=True)
    with EmbeddedPostgres(odd) as url:
        assert ask(url, "select n from kept") == 7


def test_first_start_in_a_path_with_blanks_too_long_for_a_socket(open_folder: Path) -> None:
    data_dir = open_folder / "first start" / ("long " * 20)
    with EmbeddedPostgres(data_dir) as url:
        assert ask(url, "select current_database()") == "entrepot"


def test_parent_killed_then_next_start_works(data_dir: Path) -> None:
    owner, url = start_owner(data_dir)
    ask(url, "insert into kept values (8) returning n")
    kill(owner)
    with EmbeddedPostgres(data_dir) as again:
        assert ask(again, "select sum(n) from kept") == 15


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_server_ends_with_its_killed_parent(data_dir: Path) -> None:
    owner, _ = start_owner(data_dir)
    pid = server_pid(data_dir)
    kill(owner)
    wait_until(lambda: not is_running(pid))


def test_server_that_outlived_its_parent_is_stopped_by_the_next_start(data_dir: Path) -> None:
    owner, _ = start_owner(data_dir)
    pid = server_pid(data_dir)
    os.kill(pid, signal.SIGSTOP)  # deaf to the kernel's notice, and does not answer
    kill(owner)
    os.kill(pid, signal.SIGCONT)
    with EmbeddedPostgres(data_dir) as url:
        assert server_pid(data_dir) != pid
        assert not is_running(pid)
        assert ask(url, "select n from kept") == 7


def test_killed_server_is_revived_on_the_same_url_with_what_was_committed(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as url:
        ask(url, "insert into kept values (9) returning n")
        pid = server_pid(data_dir)
        os.kill(pid, signal.SIGKILL)

        def answers_again() -> bool:
            try:
                return ask(url, "select sum(n) from kept") == 16
            except (OSError, asyncpg.PostgresError):
                return False

        wait_until(answers_again, 30)
        assert server_pid(data_dir) != pid


def test_a_killed_server_whose_sockets_folder_was_cleared_away_is_revived(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as url:
        shutil.rmtree(Path((data_dir / "postgres" / "postmaster.pid").read_text("utf-8").splitlines()[4]))
        os.kill(server_pid(data_dir), signal.SIGKILL)
        wait_until(lambda: answers(url))


def test_a_killed_server_whose_number_is_another_processs_is_revived(data_dir: Path) -> None:
    user = (data_dir / "postgres").stat().st_uid
    pid_file = data_dir / "postgres" / "postmaster.pid"
    with (
        subprocess.Popen(["sleep", "600"], user=user if os.geteuid() == 0 else None) as stranger,
        EmbeddedPostgres(data_dir) as url,
    ):
        try:
            pid, _, rest = pid_file.read_text("utf-8").partition("\n")
            pid_file.write_text(f"{stranger.pid}\n{rest}", "utf-8")
            os.kill(int(pid), signal.SIGKILL)
            wait_until(lambda: answers(url))
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_start_that_is_broken_off_leaves_no_server(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "asked", interrupted)
    with pytest.raises(KeyboardInterrupt):
        EmbeddedPostgres(data_dir).start()
    assert servers_on(data_dir) == []


def answers(url: str) -> bool:
    try:
        return ask(url, "select n from kept") == 7
    except (OSError, asyncpg.PostgresError):
        return False


def test_parent_and_server_killed_together(data_dir: Path) -> None:
    owner, url = start_owner(data_dir)
    ask(url, "insert into kept values (9) returning n")
    os.kill(server_pid(data_dir), signal.SIGKILL)
    kill(owner)
    with EmbeddedPostgres(data_dir) as again:
        assert ask(again, "select sum(n) from kept") == 16


def test_stale_pid_whose_number_is_reused_is_no_obstacle_and_spared(data_dir: Path) -> None:
    user = (data_dir / "postgres").stat().st_uid
    stranger = subprocess.Popen(["sleep", "600"], user=user if os.geteuid() == 0 else None)
    try:
        owner, _ = start_owner(data_dir)
        os.kill(server_pid(data_dir), signal.SIGKILL)
        kill(owner)
        pid_file = data_dir / "postgres" / "postmaster.pid"
        _, _, rest = pid_file.read_text("utf-8").partition("\n")
        pid_file.write_text(f"{stranger.pid}\n{rest}", "utf-8")
        with EmbeddedPostgres(data_dir) as url:
            assert ask(url, "select n from kept") == 7
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_second_server_on_one_folder_says_who_has_it(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as url:
        with pytest.raises(FolderInUseError, match=f"process {os.getpid()} .*--data-dir"):
            EmbeddedPostgres(data_dir).start()
        assert ask(url, "select n from kept") == 7


def test_folder_of_another_major_version_starts_nothing(data_dir: Path) -> None:
    version = data_dir / "postgres" / "PG_VERSION"
    version.write_text("17\n", "utf-8")
    with pytest.raises(OtherMajorVersionError, match=r"PostgreSQL 17.*entrepot upgrade-data"):
        EmbeddedPostgres(data_dir).start()
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


def test_interrupted_initdb_is_done_again(open_folder: Path) -> None:
    data_dir = open_folder / "interrupted"
    partial = data_dir / "postgres-partial"
    partial.mkdir(parents=True)
    data_dir.chmod(0o755)
    (partial / "PG_VERSION").write_text("18\n", "utf-8")
    with EmbeddedPostgres(data_dir) as url:
        assert ask(url, "select 1") == 1


def test_guest_uses_the_running_server_and_leaves_it_running(data_dir: Path) -> None:
    owner, url = start_owner(data_dir)
    try:
        with connect_or_start(data_dir) as guest_url:
            assert guest_url == url
        assert ask(url, "select n from kept") == 7
    finally:
        kill(owner)


def test_guest_starts_the_server_for_the_block_where_none_runs(data_dir: Path) -> None:
    with connect_or_start(data_dir) as url:
        assert ask(url, "select n from kept") == 7
        pid = server_pid(data_dir)
    assert not is_running(pid)


def test_starting_guest_waits_for_the_others_before_it_stops_the_server(data_dir: Path) -> None:
    program = """
import sys, time, asyncio, asyncpg
from pathlib import Path
from entrepot.store.embedded import connect_or_start
async def work(url):
    connection = await asyncpg.connect(url)
    print("in", flush=True)
    await connection.execute("select pg_sleep(0.5)")
    await connection.execute("insert into kept values (1)")
    await connection.close()
with connect_or_start(Path(sys.argv[1])) as url:
    asyncio.run(work(url))
"""
    with connect_or_start(data_dir):
        guest = subprocess.Popen(
            [sys.executable, "-c", program, data_dir], stdout=subprocess.PIPE, encoding="utf-8"
        )
        assert guest.stdout is not None
        assert guest.stdout.readline() == "in\n"
        guest.stdout.close()
    assert guest.wait(60) == 0
    with EmbeddedPostgres(data_dir) as url:
        assert ask(url, "select sum(n) from kept") == 8


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run PostgreSQL as somebody else")


@as_root
def test_root_runs_the_server_as_an_existing_account(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        assert psutil.Process(server_pid(data_dir)).uids().effective != 0
    assert data_dir.stat().st_uid == 0


@as_root
def test_root_gives_way_where_the_account_cannot_enter_and_changes_nothing(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(FolderUnusableError, match=r"--data-dir.*--database-url"):
        EmbeddedPostgres(closed / "data").start()
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_root_may_use_an_empty_closed_folder_given_as_the_data_folder(open_folder: Path) -> None:
    given = open_folder / "given"
    given.mkdir(mode=0o700)
    with EmbeddedPostgres(given) as url:
        assert ask(url, "select 1") == 1


@as_root
def test_root_copies_the_programs_where_the_account_cannot_reach_them(
    data_dir: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = open_folder / "closed-wheel"
    closed.mkdir(mode=0o700)
    wheel = binaries.wheel_folder()
    assert wheel is not None
    for folder in (wheel, wheel.with_suffix(".libs")):
        (closed / folder.name).symlink_to(folder)
    monkeypatch.setattr(binaries, "wheel_folder", lambda: closed / binaries.PACKAGE)
    server = EmbeddedPostgres(data_dir)
    with server as url:
        assert ask(url, "select n from kept") == 7
        assert server.binary("postgres").is_relative_to(data_dir)


AS_USER = """
import os, sys
from pathlib import Path
from entrepot.store.embedded import EmbeddedError, EmbeddedPostgres, binaries
data_dir, wheel, uid, gid = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
binaries.wheel_folder = lambda: wheel
os.setgroups([]); os.setgid(gid); os.setuid(uid)
try:
    for _ in range(2):
        with EmbeddedPostgres(data_dir) as url:
            print((data_dir / "postgres").stat().st_uid, oct(data_dir.stat().st_mode))
except EmbeddedError as error:
    print(error)
"""


def run_as(uid: int, gid: int, data_dir: Path, wheel: Path) -> str:
    """Start and stop a server twice under another user id, and return what that printed."""
    command = [sys.executable, "-c", AS_USER, data_dir, wheel, str(uid), str(gid)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def open_wheel(open_folder: Path) -> Path:
    """A copy of the wheel that any user can reach, wherever this interpreter's packages lie."""
    folder = open_folder / "wheel"
    folder.mkdir()
    wheel = binaries.wheel_folder()
    assert wheel is not None
    return binaries.copy_beside(wheel, folder).parents[1]


@as_root
def test_ordinary_user_owns_everything(open_folder: Path, open_wheel: Path) -> None:
    home = open_folder / "home"
    home.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    printed = run_as(nobody.pw_uid, nobody.pw_gid, home / "data", open_wheel)
    assert printed == f"{nobody.pw_uid} 0o40700\n" * 2


@as_root
def test_user_id_without_a_name_is_told_what_to_do(open_folder: Path, open_wheel: Path) -> None:
    printed = run_as(54321, 54321, open_folder / "nameless", open_wheel)
    assert "the user id 54321 has no name" in printed
    assert "--database-url" in printed


def test_nothing_of_a_row_reaches_the_servers_log(open_folder: Path) -> None:
    data_dir = open_folder / "data"
    data_dir.mkdir(mode=0o755)
    log = data_dir / "postgres.log"
    log.write_text("of an older release\n")
    log.chmod(0o644)
    with EmbeddedPostgres(data_dir) as url:
        ask(url, "create table people (email text check (email <> 'ada@example.com'), age int)")
        for statement in (
            "insert into people values ('ada@example.com', 1)",
            "insert into people values ('grace@example.com', 99999999999)",
            "select 'bob@example.com'::text || nothing",
        ):
            with pytest.raises(asyncpg.PostgresError):
                ask(url, statement)
        with pytest.raises(asyncpg.PostgresError):
            asyncio.run(_with_parameter(url, "insert into people values ($1, 1)", "ada@example.com"))
    written = log.read_text("utf-8")
    assert "people_email_check" in written
    assert "@example.com" not in written
    assert log.stat().st_mode & 0o777 == 0o600


async def _with_parameter(url: str, statement: str, value: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement, value)
    finally:
        await connection.close()
