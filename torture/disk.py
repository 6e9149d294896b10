"""A small file system of a server's own that can be filled, where the kernel lends namespaces."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from torture.house import House

SIZE = "192m"
_BALLAST = 1_000_000


class Disk:
    """A file system at `folder` that only what runs by `command` sees."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o755)

    @property
    def command(self) -> tuple[str, ...]:
        """What runs a command on the file system, as the same account and under the same process id."""
        mount = f"mount -t tmpfs -o size={SIZE},mode=755 tmpfs {shlex.quote(str(self.folder))}"
        if os.geteuid() == 0:
            return ("unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh")
        back = f"exec unshare --user --map-user={os.geteuid()} --map-group={os.getegid()}"
        return (
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            f'{mount} && {back} "$@"',
            "sh",
        )

    def can_be(self) -> bool:
        """Whether this machine lends one."""
        return subprocess.run([*self.command, "true"], capture_output=True, check=False).returncode == 0

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
