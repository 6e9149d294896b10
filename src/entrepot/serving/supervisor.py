"""The parent's watch over its workers: whatever ends one of them, another takes its place."""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import Final

import structlog
import uvicorn
from uvicorn.supervisors.multiprocess import Multiprocess, Process

SILENCE_LIMIT: Final = 30.0
"""Seconds without an answer after which a worker counts as stuck and is replaced."""
END_LIMIT: Final = 85.0
"""Seconds that a worker has to end: it drains for thirty, its parts stop within forty-five, and some are to spare."""
MOST_PATIENCE: Final = 30.0
"""The longest pause before a worker that cannot start is started again."""

_log = structlog.stdlib.get_logger("entrepot.serving")


class Worker(Process):
    """One worker process. `served`: whether it has ever been ready for requests."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self.served = False
        self._asked_at: float | None = None

    def look(self) -> bool:
        """Whether it lives and answers; waits for nothing, so that a stuck one delays no other and no signal."""
        if not self.process.is_alive():
            return False
        try:
            if self._asked_at is None:
                self.parent_conn.send(b"ping")
                self._asked_at = time.monotonic()
            if self.parent_conn.poll(0):
                self.served |= bool(self.parent_conn.recv())
                self._asked_at = None
        except (OSError, EOFError):
            return False
        return self._asked_at is None or time.monotonic() - self._asked_at < SILENCE_LIMIT


class Slot:
    """The place of one worker: who stands there, and when the next one starts after he fell."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.due: float | None = None
        self._failures = 0

    def fell(self) -> float:
        """Note that the worker is gone; the seconds until the next one starts: none for one that had served."""
        self._failures = 0 if self.worker.served else self._failures + 1
        pause = min(MOST_PATIENCE, 2.0 ** (self._failures - 1)) if self._failures else 0.0
        self.due = time.monotonic() + pause
        return pause


class Supervisor(Multiprocess):
    """Uvicorn's parent, which gives no worker up once any has served.

    A worker that cannot start means that the settings cannot work only before that. Later it means that something it
    needs is away for a while, such as the database, and the others may serve on.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._slots: list[Slot] = []
        self.served = False
        """Whether any worker has ever been ready."""
        self.failed = False
        """Whether it ended because none could start."""

    def init_processes(self) -> None:
        """Start the workers."""
        self._slots = [Slot(self._started()) for _ in range(self.processes_num)]

    def keep_subprocess_alive(self) -> None:
        """Replace those that are gone or stuck."""
        for slot in self._slots:
            if self.should_exit.is_set():
                return
            if slot.due is None:
                self._look_at(slot)
            elif time.monotonic() >= slot.due:
                slot.worker, slot.due = self._started(), None

    def terminate_all(self) -> None:
        """Ask all to end."""
        for slot in self._slots:
            slot.worker.terminate()

    def join_all(self) -> None:
        """Wait for their end, and end those that do not."""
        deadline = time.monotonic() + END_LIMIT
        for slot in self._slots:
            slot.worker.process.join(max(0.0, deadline - time.monotonic()))
            if slot.worker.process.is_alive():
                _log.error("a worker does not end and is killed", pid=slot.worker.pid)
                slot.worker.process.kill()
                slot.worker.process.join()

    def handle_hup(self) -> None:
        """Have the workers read their certificates again."""
        for slot in self._slots:
            if slot.worker.process.is_alive() and slot.worker.pid is not None:
                os.kill(slot.worker.pid, signal.SIGHUP)

    def handle_ttin(self) -> None:
        """The number of workers is a setting, against which the database's connections were counted."""

    def handle_ttou(self) -> None:
        """As `handle_ttin`."""

    def _look_at(self, slot: Slot) -> None:
        alive = slot.worker.look()
        self.served |= slot.worker.served
        if alive:
            return
        slot.worker.kill()
        slot.worker.join()
        if not self.served and (slot.worker.exitcode or 0) > 0:  # by itself: no signal ended it
            self.failed = True
            self.should_exit.set()
            return
        _log.warning("a worker is gone", pid=slot.worker.pid, exit=slot.worker.exitcode, again_in=slot.fell())

    def _started(self) -> Worker:
        worker = Worker(self.config, self.sockets)
        worker.start()
        return worker
