"""A small file system of a server's own that can be filled, where the kernel lends namespaces."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE

from torture.house import House

SIZE = "192m"
_BALLAST = 1_000_000


class NoDiskError(Exception):
    """This machine lends no file system."""


@contextmanager
def lent(folder: Path) -> Generator[Disk]:
    """A small file system for the length of the block. Raises NoDiskError.

    A process of its own holds it, which ends with the pipe to it: so it is gone however this process ends.
    """
    folder.mkdir(mode=0o755)
    mount = f"mount -t tmpfs -o size={SIZE},mode=755 tmpfs {shlex.quote(str(folder))}"
    apart = ("--mount",) if os.geteuid() == 0 else ("--user", "--map-root-user", "--mount")
    hold = ("unshare", *apart, "sh", "-c", f"{mount} && echo mounted && read -r line")
    with subprocess.Popen(hold, stdin=PIPE, stdout=PIPE, stderr=DEVNULL) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        try:
            disk = Disk(folder, holder.pid)
            if (
                not holder.stdout.readline()
                or subprocess.run([*disk.command, "true"], check=False).returncode
            ):
                raise NoDiskError
            yield disk
        finally:
            holder.stdin.close()


def can_be(folder: Path) -> bool:
    """Whether this machine lends one."""
    try:
        with lent(folder):
            return True
    except (NoDiskError, FileNotFoundError):
        return False


class Disk:
    """A file system at `folder` that only what runs by `command` sees. It stays while servers on it come and go."""

    def __init__(self, folder: Path, holder: int) -> None:
        self.folder = folder
        self._holder = holder

    @property
    def command(self) -> tuple[str, ...]:
        """What runs a command on the file system, as the same account and under the same process id."""
        enter = ("nsenter", "--target", str(self._holder), "--mount")
        if os.geteuid() == 0:
            return enter
        back = ("unshare", "--user", f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}")
        return (*enter, "--user", "--preserve-credentials", *back)

    @asynccontextmanager
    async def full(self, house: House) -> AsyncGenerator[None]:
        """Keep it full for the length of the block; then it has room again."""
        task = asyncio.create_task(self._fill(house))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._empty(house)

    async def _fill(self, house: House) -> None:
        while True:
            with contextlib.suppress(OSError, RuntimeError):
                self._pour(house)
            await asyncio.sleep(0.05)

    def _pour(self, house: House) -> None:
        with open(house.seen(self.folder / "ballast"), "ab", buffering=0) as ballast:
            for size in (_BALLAST, 4_096):
                with contextlib.suppress(OSError):
                    while ballast.write(bytes(size)):
                        pass

    async def _empty(self, house: House) -> None:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(OSError, RuntimeError):
                    house.seen(self.folder / "ballast").unlink(missing_ok=True)
                    return
                await asyncio.sleep(0.05)
