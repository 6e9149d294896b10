"""A server for as long as tests run: a process of its own, with data that nobody has to clean up."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from entrepot.testing.client import Entrepot

START_LIMIT: Final = 180.0
STOP_LIMIT: Final = 60.0
LOOK_EVERY: Final = 0.02
_COMMAND: Final = "from entrepot.cli import main; main()"
_OPTIONS: Final = ("--temporary", "--exit-with-parent", "--port", "0", "--log-level", "warning")


class StartError(Exception):
    """The server did not start; the text is what it said."""


@contextmanager
def running(world: Path | str | None = None) -> Generator[Entrepot]:
    """A sandbox with this world file, or the demo world, on a free port until the end of the block.

    Nothing of it is left afterwards, nor when this process is killed. Raises StartError.
    """
    with tempfile.TemporaryDirectory(prefix="entrepot-run-") as name:
        folder = Path(name)
        process = _started(folder, world)
        try:
            entrepot = Entrepot(_url(process, folder))
            try:
                yield entrepot
            finally:
                entrepot.close()
        finally:
            _end(process)


def _started(folder: Path, world: Path | str | None) -> subprocess.Popen[bytes]:
    options = [*_OPTIONS, "--url-file", str(folder / "url"), *(["--world", str(world)] if world else [])]
    # Settings of some other server must not reach this one; where the machine's PostgreSQL is, is none.
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ENTREPOT_") or name == "ENTREPOT_POSTGRES_BIN"
    }
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _COMMAND, "demo", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=plain,
        )


def _url(process: subprocess.Popen[bytes], folder: Path) -> str:
    deadline = time.monotonic() + START_LIMIT
    file = folder / "url"
    while not file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise StartError((folder / "log").read_text("utf-8", "replace"))
        time.sleep(LOOK_EVERY)
    return file.read_text("utf-8").strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
