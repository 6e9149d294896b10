"""Ending with the process that started this one, as a test run's server does."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final

LOOK_EVERY: Final = 0.2


def end_with_parent() -> None:
    """From here on end in good order, as on SIGTERM, once the parent process is gone, however it went."""
    threading.Thread(target=_watch, args=(os.getppid(),), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    # Who has lost his parent is given another one.
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
