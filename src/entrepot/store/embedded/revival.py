"""Starting a server again that ended unasked: at once, then after pauses that grow, for as long as the fault may pass.

A disk that is full or memory that is short passes. What does not ends the tries at once: the data is gone or another
version's, the programs are gone, or the account may not use the folder.
"""

from __future__ import annotations

import errno
import logging
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from entrepot.domain.kernel.pauses import doubling
from entrepot.store.embedded.errors import (
    EmbeddedUnavailableError,
    FolderUnusableError,
    OtherMajorVersionError,
    ServerFailedError,
)
from entrepot.store.embedded.folder import Folder
from entrepot.store.embedded.installations import NEEDED, Installation

FIRST_PAUSE: Final = 0.5
"""Seconds between the first try, which is made at once, and the second; from there twice as long each time."""
LONGEST_PAUSE: Final = 8.0
STEADY: Final = 60.0
"""Seconds after which a server has stayed up: when it ends then, it is started again at once."""

PASSING: Final = (ServerFailedError, OSError, MemoryError, subprocess.SubprocessError)
"""What a try may fail with while the next one may not."""

_LASTING: Final = frozenset(
    (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.EROFS, errno.ENOEXEC)
)

log = logging.getLogger("entrepot.postgres")


class Revival:
    """Starts one server again whenever it has ended.

    `start` starts it, and raises one of PASSING or another EmbeddedError. `wait` waits for some seconds, and says
    at once when nobody wants the server any more. `clock` gives seconds.
    """

    def __init__(
        self,
        start: Callable[[], None],
        wait: Callable[[float], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start
        self._wait = wait
        self._clock = clock
        self._failures = 0
        self._up_since = clock()

    def run(self) -> bool:
        """Start it, however many tries that takes; False where nobody wants it any more.

        Raises an EmbeddedError where no further try could succeed.
        """
        if self._clock() - self._up_since >= STEADY:
            self._failures = 0
        while not self._wait(doubling(self._failures, FIRST_PAUSE, LONGEST_PAUSE)):
            self._failures += 1
            if self._tried():
                self._up_since = self._clock()
                return True
        return False

    def _tried(self) -> bool:
        try:
            self._start()
        except PASSING as error:
            log.error("%s", error)
            return False
        return True


def check_usable(folder: Folder, installation: Installation) -> None:
    """Raise the EmbeddedError that no waiting mends, if there is one; an OSError where that cannot be told now."""
    with lasting_told(folder):
        written_by = folder.written_by()
    if written_by is None:
        raise FolderUnusableError(folder.root, "the data of its PostgreSQL is gone")
    if written_by != installation.major:
        raise OtherMajorVersionError(folder.root, written_by, installation.major, installation.programs)
    for name in NEEDED:
        if not (installation.programs / name).is_file():
            raise EmbeddedUnavailableError(f"{installation.programs / name} is gone")


@contextmanager
def lasting_told(folder: Folder) -> Generator[None]:
    """Raise FolderUnusableError for an error of the system that no waiting mends; others pass as they are."""
    try:
        yield
    except OSError as error:
        if error.errno in _LASTING:
            raise FolderUnusableError(folder.root, error.strerror or str(error)) from error
        raise
