"""What all tests share: one PostgreSQL for the session, and fresh databases and folders in it."""

import asyncio
import inspect
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from entrepot.store.connections import Connection, connect
from entrepot.store.embedded import EmbeddedPostgres
from tests.support import cluster, secrets, statements
from tests.support.server import Server, running_server

# The suite tries the same examples on every run and machine; `make torture` looks for new ones.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "torture", deadline=None, max_examples=2_500, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# Where nothing has to reach a disk, making and dropping a database takes a tenth of the time.
MEMORY = Path("/dev/shm")
ROOM = 3_000_000_000  # bytes: write-ahead logs of some hundred megabytes, and databases of about 10 MB


WAITING = ("platform", "harm", "docs", "testing", "benchmark", "console", "cli", "security")
"""Folders whose tests wait for servers of their own: few to a file and long, so they begin first."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, since many tests wait for something."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process is alone with it at the end."""
    tests = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(tests).parts[0] not in WAITING)


def pytest_itemcollected(item: pytest.Item) -> None:
    """An asynchronous test is given `nothing_goes_on` before all fixtures that are its own."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function):
        known = item._fixtureinfo.name2fixturedefs  # pyright: ignore[reportPrivateUsage]
        own = (
            i
            for i, name in enumerate(item.fixturenames)
            if name in known and known[name][-1].scope == "function"
        )
        item.fixturenames.insert(next(own, len(item.fixturenames)), "nothing_goes_on")


@pytest.fixture
async def nothing_goes_on() -> AsyncIterator[None]:
    """Tasks that a test and its fixtures began end with it, though its loop lives on."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


LastingConnection: TypeAlias = Callable[[str], Awaitable[Connection]]
"""The connection to the database of this URL, which its tests share."""


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A short folder that an unprivileged account can enter, wherever the checkout lies; in memory if possible."""
    root = Path(tempfile.mkdtemp(prefix="entrepot-test-", dir=MEMORY if _has_room(MEMORY) else "/tmp"))
    root.chmod(0o755)
    yield root
    shutil.rmtree(root, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    """Whether PostgreSQL's data, and a copy of its programs, can be there."""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False
    about = os.statvfs(folder)
    return about.f_bavail * about.f_frsize > ROOM and not about.f_flag & os.ST_NOEXEC


@pytest.fixture(scope="session")
def postgres_url(open_folder: Path) -> Iterator[str]:
    """An empty database on the session's server, or on the one that ENTREPOT_TEST_DATABASE_URL names.

    ENTREPOT_TEST_CITUS_URL names one on the coordinator of a cluster (`tests/support/cluster.py`).
    """
    given = cluster.URL or os.environ.get("ENTREPOT_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with EmbeddedPostgres(open_folder / "postgres", durable=False) as url:
        yield url


@pytest.fixture(scope="session")
def template_url(postgres_url: str) -> Iterator[str]:
    """A database with the newest schema, from which others are copied; nobody writes to it."""
    with fresh_database(postgres_url) as url:
        if cluster.URL:
            cluster.join(url)
        _migrate(url)
        if cluster.URL:
            _distribute(url)
            cluster.close(url)
        yield url


@pytest.fixture
def database_url(postgres_url: str, template_url: str) -> Iterator[str]:
    """A fresh database with the newest schema for one test."""
    with fresh_database(postgres_url, template_url) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A fresh database in which nobody has made anything yet."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(postgres_url: str, template_url: str) -> Iterator[str]:
    """A fresh database with the newest schema for one module."""
    with fresh_database(postgres_url, template_url) as url:
        yield url


@pytest.fixture(scope="session")
def session_database_url(postgres_url: str, template_url: str) -> Iterator[str]:
    """The database of the session's server; tests keep to workspaces of their own."""
    with fresh_database(postgres_url, template_url) as url:
        yield url


@pytest.fixture(scope="session")
async def lasting_connection() -> AsyncIterator[LastingConnection]:
    """One connection to each database for all tests: a new one has yet to learn each table and each statement."""
    opened: dict[str, Connection] = {}

    async def lasting(url: str) -> Connection:
        if url not in opened:
            opened[url] = await connect(url)
        return opened[url]

    yield lasting
    for each in opened.values():
        each.terminate()  # some are to databases that are gone


@pytest.fixture(scope="session")
def server(session_database_url: str, open_folder: Path) -> Iterator[Server]:
    """The real server, with its sandbox, for all tests that change nothing but their own workspaces."""
    log = open_folder / "server.log"
    # What tests leave behind is not deleted while others compare all tables before and after a call.
    keep = ("carts", "sessions", "codes", "tokens", "tries", "customers", "attempts", "delivered", "parked")
    kept = [part for kind in keep for part in ("--keep", f"{kind}=3650")]
    notes = open_folder / "statements"
    options = ("--sandbox", "--database-url", session_database_url, *kept)
    with running_server(log, *options, command=("-m", "tests.support.spying", str(notes))) as running:
        yield running
    told = asyncio.run(statements.told(session_database_url, notes))
    assert told == [], "\n".join(told)
    found = secrets.search(log, session_database_url)
    assert found == [], "a secret that a test sent is in a log"


@contextmanager
def fresh_database(server_url: str, template_url: str = "/template0") -> Generator[str]:
    """A copy of the template on the server, for the length of the block."""
    name, template = f"test_{uuid.uuid4().hex}", _name_of(template_url)
    servers = cluster.servers(server_url)
    asyncio.run(_execute(servers, f'create database {name} template "{template}" strategy file_copy'))
    yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    if cluster.URL:
        cluster.close(urlunsplit(urlsplit(server_url)._replace(path=f"/{name}")))
    asyncio.run(_execute(servers, f"drop database {name} with (force)"))


async def _execute(urls: Sequence[str], statement: str) -> None:
    await asyncio.gather(*(_execute_at(url, statement) for url in urls))


async def _execute_at(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _migrate(url: str) -> None:
    from entrepot.store.upkeep import migrate

    migrate.ensure(url)


def _distribute(url: str) -> None:
    from entrepot.store.upkeep import migrate

    migrate.distribute(url, cluster.SHARDS)
