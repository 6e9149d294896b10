"""A folder as somebody has who installed the wheel: the package, its entry points, and a suite of his own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.docs.pages import DOCS, blocks

ROOT = Path(__file__).parents[2]
USE = DOCS / "how-to" / "use-it-in-your-tests.md"
_NAMED = re.compile(r"(?:#|//) ([\w.]+)\n")


def save_files(page: Path, folder: Path) -> None:
    """Every block of a page that begins with a file's name, under that name."""
    for block in blocks(page):
        if named := _NAMED.match(block.text):
            (folder / named[1]).write_text(block.text, "utf-8")


def unpacked_wheel(folder: Path) -> Path:
    """What the wheel installs, in a folder of its own below this one."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "installed")
    return folder / "installed"


class Stranger:
    """Runs pytest on a suite with the installed package, and knows what is left of it."""

    def __init__(self, installed: Path, folder: Path) -> None:
        self.installed = installed
        self.folder = folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.temporary.chmod(0o711)

    def suite(self, **files: str) -> Path:
        """A suite of these files, `test_a=…` as `test_a.py`, and others as they are called."""
        suite = self.folder / "suite"
        suite.mkdir(exist_ok=True)
        for name, text in files.items():
            (suite / f"{name}.py").write_text(text, "utf-8")
        (suite / "pytest.ini").write_text("[pytest]\n", "utf-8")
        return suite

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`pytest` in the suite's folder, with these environment variables."""
        options = ("-p", "no:cacheprovider", "-p", "no:asyncio", *arguments)
        return self.call([sys.executable, "-m", "pytest", *options], **variables)

    def call(self, command: Sequence[str], **variables: str) -> subprocess.CompletedProcess[str]:
        """A command in the suite's folder, with these environment variables."""
        return subprocess.run(
            command,
            cwd=self.folder / "suite",
            env={**self._environment(), **variables},
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )

    def until_nothing_is_left(self) -> None:
        """Return once a server that ends by itself has ended."""
        deadline = time.monotonic() + 120
        while self.left():
            assert time.monotonic() < deadline, self.left()
            time.sleep(0.05)

    def left(self) -> list[str]:
        """What the run left in the folder for temporary files, but for pytest's own."""
        return [each.name for each in self.temporary.iterdir() if not each.name.startswith("pytest-")]

    def _environment(self) -> Mapping[str, str]:
        plain = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "ENTREPOT"))
        }
        return {**plain, "PYTHONPATH": str(self.installed), "TMPDIR": str(self.temporary)}


def passed(done: subprocess.CompletedProcess[str]) -> str:
    """The last line that pytest printed, once every test has passed."""
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout.strip().splitlines()[-1]
