"""Folders for the life of one server, which the next one clears away where its predecessor was killed."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import IO, Final

_LOCK: Final = "lock"


@contextlib.contextmanager
def scratch_folder(purpose: str) -> Generator[Path]:
    """A folder of this process's own under the system's temporary folder; those of dead processes are removed first."""
    prefix = f"entrepot-{purpose}-"
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        _remove_if_left(folder)
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with (folder / _LOCK).open("w") as lock:
            _locked(lock)
            yield folder


def _remove_if_left(folder: Path) -> None:
    """The system lets go of a lock when its process ends, however it ends."""
    with contextlib.suppress(OSError), (folder / _LOCK).open("r+") as lock:
        if _locked(lock):
            shutil.rmtree(folder, ignore_errors=True)


def _locked(file: IO[str]) -> bool:
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True
