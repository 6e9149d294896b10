"""Which account PostgreSQL runs as. It refuses to run as root, so root lends it an existing one."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from entrepot.store.embedded.errors import EmbeddedUnavailableError

CANDIDATES = ("postgres", "nobody")
_AS_A_USER = "run Entrepôt as an ordinary user with a folder of its own (--data-dir)"
# PG* variables of the caller would redirect the server, and its secrets are no business of PostgreSQL's.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """The user and group under which the server runs; `lent` when we are root and it is not."""

    user: int
    group: int
    lent: bool

    def own(self, path: Path) -> None:
        """Give the path to this account where we are root; otherwise it is ours already."""
        if self.lent:
            os.chown(path, self.user, self.group)

    def can_enter(self, folder: Path) -> bool:
        """Whether this account, with its groups and the system's access lists, can pass into the folder."""
        done = self.run(["/bin/sh", "-c", 'test -x "$0"', str(folder)])
        return done.returncode == 0

    def run(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Run a short command as this account, its output captured."""
        return subprocess.run(  # noqa: S603
            command,
            user=self.user if self.lent else None,
            group=self.group if self.lent else None,
            extra_groups=[] if self.lent else None,
            env=ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=120,
        )


def server_account() -> Account:
    """The account for the server: ourselves, or for root an existing unprivileged one.

    Raises EmbeddedUnavailableError when our user id has no name (initdb demands one), or root finds
    no account to lend.
    """
    user = os.geteuid()
    if user != 0:
        return _ourselves(user)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid, lent=True)
    why = "PostgreSQL refuses to run as root, and the accounts postgres and nobody do not exist"
    raise EmbeddedUnavailableError(why, _AS_A_USER)


def _ourselves(user: int) -> Account:
    try:
        pwd.getpwuid(user)
    except KeyError:
        why = f"the user id {user} has no name on this machine, which PostgreSQL's initdb demands"
        raise EmbeddedUnavailableError(why, _AS_A_USER) from None
    return Account(user, os.getegid(), lent=False)
