"""Backups by pg_dump and pg_restore of the server's own major version."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from entrepot.store.connections import FAULTS, Connection, connect
from entrepot.store.primary import one_server
from entrepot.store.silence import USUAL
from entrepot.store.upkeep import migrate
from entrepot.store.upkeep.distribution import is_spread
from entrepot.store.upkeep.migrate import MigrationError, State

Programs = Callable[[str], Path]
"""Where a program of PostgreSQL is, by its name. May raise `BackupError`."""

_ASIDE = "entrepot_before_restore"
_VERSION = re.compile(r"\(PostgreSQL\) ([0-9]+)")


class BackupError(Exception):
    """A backup could not be made or brought back; the text says why, and holds no password."""


def installed_programs(name: str) -> Path:
    """The program on the system's path. Raises `BackupError`, naming what to install."""
    found = shutil.which(name)
    if found is None:
        raise BackupError(
            f"{name} is not installed. It comes with PostgreSQL's client programs of your server's version; "
            "on Debian and Ubuntu: sudo apt-get install postgresql-client"
        )
    return Path(found)


def dump(url: str, file: Path, programs: Programs, *, with_log: bool = False) -> None:
    """Write the database to a new file, complete or absent, readable by its owner only. Raises `BackupError`.

    The integration log stays out of it, unless it is asked for.
    """
    if file.exists():
        raise BackupError(f"{file} exists; name another file.")
    url = _one_server(url)
    _sql(url, _refuse_spread)
    program = _matching(programs, "pg_dump", url)
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.unlink(missing_ok=True)  # of a backup that was killed
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        without = () if with_log else _WITHOUT_LOG
        arguments = ["--format=custom", f"--file={partial.absolute()}", *without, *_OWNERLESS, *target(url)]
        _run(program, arguments, url)
        _make_durable(partial)
        partial.rename(file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written ({error.strerror}).") from error
    finally:
        partial.unlink(missing_ok=True)


def restore(url: str, file: Path, programs: Programs, *, replace: bool) -> None:
    """Bring the backup into the database; all of it, or nothing has changed. Raises `BackupError`.

    What was there is set aside first and removed once the backup stands. A backup of an older release is brought
    to this one's schema by the next start, or `entrepot migrate`.
    """
    url = _one_server(url)
    _sql(url, _refuse_spread)
    program, source = _matching(programs, "pg_restore", url), str(file.absolute())
    _run(program, ["--list", source], url)
    _sql(url, _set_aside, replace)
    try:
        arguments = ["--single-transaction", "--exit-on-error", *_OWNERLESS, *target(url), source]
        _run(program, arguments, url)
        _refuse_newer(url)
    except BaseException:
        _sql(url, _put_back)
        raise
    _sql(url, _forget)


def _make_durable(file: Path) -> None:
    with file.open("rb") as written:
        os.fsync(written.fileno())


_WITHOUT_LOG = ("--exclude-table-data=public.request_log*",)
_OWNERLESS = ("--no-owner", "--no-privileges")


_OTHERS = """
select count(*) from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
"""


async def _set_aside(connection: Connection, replace: bool) -> None:
    await _refuse_in_use(connection)
    if await connection.fetchval("select to_regnamespace($1) is not null", _ASIDE):
        await _put_back(connection)  # an earlier restore was killed: what it set aside is the data
    filled = await connection.fetchval("select to_regclass('public.workspaces') is not null")
    if filled and not replace:
        raise BackupError("The database holds data already; restore into an empty one, or with --replace.")
    await connection.execute(f"alter schema public rename to {_ASIDE}")
    await connection.execute("create schema public")


async def _refuse_spread(connection: Connection) -> None:
    if await is_spread(connection):
        raise BackupError(
            "The database is spread over nodes, and a file holds one server: back up every node with a tool that "
            "archives the write-ahead log, such as pgBackRest."
        )


async def _refuse_in_use(connection: Connection) -> None:
    for _ in range(20):  # a connection of our own that was just closed may still be listed
        if not await connection.fetchval(_OTHERS):
            return
        await asyncio.sleep(0.05)
    raise BackupError("The database is in use; stop the server first.")


async def _put_back(connection: Connection) -> None:
    await connection.execute("drop schema public cascade")
    await connection.execute(f"alter schema {_ASIDE} rename to public")


async def _forget(connection: Connection) -> None:
    await connection.execute(f"drop schema {_ASIDE} cascade")


def _sql(url: str, work: Callable[..., object], *arguments: object) -> None:
    """Run the work in one transaction."""

    async def run() -> None:
        connection = await connect(url)
        try:
            async with connection.transaction():
                await work(connection, *arguments)  # pyright: ignore[reportGeneralTypeIssues]
        finally:
            await connection.close()

    try:
        asyncio.run(run())
    except FAULTS as error:
        raise BackupError(f"The database refused ({type(error).__name__}).") from error


def _refuse_newer(url: str) -> None:
    try:
        if asyncio.run(migrate.read_state(url)) is State.AHEAD:
            raise BackupError("The backup was made by a newer Entrepôt; restore it with that one.")
    except MigrationError as error:
        raise BackupError(str(error)) from error


def _matching(programs: Programs, name: str, url: str) -> Path:
    """The program, if it is of the server's major version: only then can the one read what the other wrote."""
    program = programs(name)
    said = _run(program, ["--version"], url)
    found, wanted = _VERSION.search(said), str(asyncio.run(_server_major(url)))
    if found is None or found[1] != wanted:
        raise BackupError(
            f"{program} is of PostgreSQL {found[1] if found else 'unknown'}, the server is {wanted}; "
            f"install that version's client programs (postgresql-client-{wanted}) and put them first on PATH."
        )
    return program


def _one_server(url: str) -> str:
    """Of several servers the one that takes writes: all of a command is done there."""
    try:
        return asyncio.run(one_server(url, USUAL.connect))
    except FAULTS as error:
        raise BackupError(f"The database does not answer ({type(error).__name__}).") from error


async def _server_major(url: str) -> int:
    try:
        connection = await connect(url)
    except FAULTS as error:
        raise BackupError(f"The database does not answer ({type(error).__name__}).") from error
    try:
        return int(await connection.fetchval("show server_version_num")) // 10_000
    finally:
        await connection.close()


def _run(program: Path, arguments: Sequence[str], url: str) -> str:
    done = subprocess.run(  # noqa: S603
        [str(program), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(url),
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BackupError(f"{program.name} failed: {last}")
    return done.stdout


def target(url: str) -> list[str]:
    """The arguments that name the database, without its password: all users can read a command line."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}@{host}" if user else host
    return ["--dbname", urlunsplit(parts._replace(scheme="postgresql", netloc=netloc))]


def environment(url: str) -> dict[str, str]:
    """The environment of a program, with the password and without settings of ours that would redirect it."""
    password = urlsplit(url).password
    own = {"PGPASSWORD": unquote(password)} if password else {}
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("PG") or name in _PASSFILE
    }
    return kept | own | {"LC_ALL": "C"}


_PASSFILE = frozenset({"PGPASSFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY"})
