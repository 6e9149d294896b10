"""`make run` in a clean folder, or `entrepot demo`, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_LIMIT = 120.0
_ANSWERS = re.compile(r"answers on (https?://\S+)")
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "dist")


@dataclass
class Demo:
    """A demo that answers; `log` holds what it says."""

    url: str
    log: Path

    def said(self) -> str:
        """All that it has printed so far."""
        return self.log.read_text("utf-8", "replace")


@contextlib.contextmanager
def running_demo(data: Path, *arguments: str, **environment: str) -> Generator[Demo]:
    """`entrepot demo` with its data in this folder, until the end of the block."""
    command = [sys.executable, "-c", "from entrepot.cli import main; main()", "demo", *arguments]
    with _running(command, ROOT, data, environment) as demo:
        yield demo


@contextlib.contextmanager
def making_run(folder: Path, data: Path, **environment: str) -> Generator[Demo]:
    """`make run` in a copy of the checkout, whose virtual environment is the one that the tests run in."""
    shutil.copytree(ROOT, folder, ignore=_LEFT_OUT)
    (folder / ".venv").symlink_to(sys.prefix)
    # The environment is there: make must not look for newer packages.
    with _running(["make", "-o", ".venv/.ready", "run"], folder, data, environment) as demo:
        yield demo


@contextlib.contextmanager
def _running(command: list[str], folder: Path, data: Path, environment: dict[str, str]) -> Generator[Demo]:
    log = data.with_suffix(".log")
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**plain, "ENTREPOT_DEMO_DATA_DIR": str(data), **environment},
            start_new_session=True,
        )
    try:
        yield Demo(_url(process, log), log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_LIMIT
    while (found := _ANSWERS.search(log.read_text("utf-8", "replace"))) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the demo did not start:\n{log.read_text('utf-8', 'replace')}")
        time.sleep(0.05)
    return found[1]
