"""The parent's watch over its workers: whatever ends one of them, another takes its place."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Final

import structlog
import uvicorn
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from entrepot.domain.kernel.pauses import doubling

SILENCE_LIMIT: Final = 30.0
"""Seconds without an answer after which a worker counts as stuck and is replaced."""
BEGIN_LIMIT: Final = 600.0
"""Seconds that a worker has until its first answer: on a machine with much else to do it needs a minute to be loaded.

Replaced sooner, it would begin again each time, and never come to serve."""
END_LIMIT: Final = 85.0
"""Seconds that a worker has to end: it drains for thirty, its parts stop within forty-five, and some are to spare."""
FIRST_PATIENCE: Final = 1.0
"""Seconds until a worker that cannot start is started again; each time twice as many."""
MOST_PATIENCE: Final = 30.0
"""The longest pause."""

_log = structlog.stdlib.get_logger("entrepot.serving")


class Worker(Process):
    """One worker process. `served`: whether it has ever been ready for requests. `clock` is in seconds."""

    def __init__(
        self,
        config: uvicorn.Config,
        sockets: list[socket.socket],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config, sockets)
        self.served = False
        self._clock = clock
        self._patience = BEGIN_LIMIT
        self._asked_at: float | None = None

    def look(self) -> bool:
        """Whether it lives and answers; waits for nothing, so that a stuck one delays no other and no signal."""
        if not self.process.is_alive():
            return False
        try:
            if self._asked_at is None:
                self.parent_conn.send(b"ping")
                self._asked_at = self._clock()
            if self.parent_conn.poll(0):
                self.served |= bool(self.parent_conn.recv())
                self._asked_at, self._patience = None, SILENCE_LIMIT
        except (OSError, EOFError):
            return False
        return self._asked_at is None or self._clock() - self._asked_at < self._patience


class Slot:
    """The place of one worker: who stands there, if anybody, and when the next one starts after he fell."""

    def __init__(self, worker: Worker | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.worker = worker
        self._clock = clock
        self._due = clock()
        self._failures = 0

    @property
    def is_due(self) -> bool:
        """Whether the next worker is to start now."""
        return self.worker is None and self._clock() >= self._due

    def fell(self, *, served: bool = False) -> float:
        """Note that the worker is gone, or never came; the seconds until the next one: none after one that `served`."""
        self.worker = None
        self._failures = 0 if served else self._failures + 1
        pause = doubling(self._failures, FIRST_PATIENCE, MOST_PATIENCE)
        self._due = self._clock() + pause
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
        self._slots = [Slot() for _ in range(self.processes_num)]
        self.keep_subprocess_alive()

    def keep_subprocess_alive(self) -> None:
        """Start those that are due, and replace those that are gone or stuck."""
        for slot in self._slots:
            if self.should_exit.is_set():
                return
            if slot.worker is not None:
                self._look_at(slot, slot.worker)
            elif slot.is_due:
                self._fill(slot)

    def terminate_all(self) -> None:
        """Ask all to end."""
        for worker in self._workers():
            worker.terminate()

    def join_all(self) -> None:
        """Wait for their end, and end those that do not."""
        deadline = time.monotonic() + END_LIMIT
        for worker in self._workers():
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                _log.error("a worker does not end and is killed", pid=worker.pid)
                worker.process.kill()
                worker.process.join()

    def handle_hup(self) -> None:
        """Have the workers read their certificates again."""
        for worker in self._workers():
            if worker.process.is_alive() and worker.pid is not None:
                os.kill(worker.pid, signal.SIGHUP)

    def handle_ttin(self) -> None:
        """The number of workers is a setting, against which the database's connections were counted."""

    def handle_ttou(self) -> None:
        """As `handle_ttin`."""

    def _workers(self) -> list[Worker]:
        return [slot.worker for slot in self._slots if slot.worker is not None]

    def _look_at(self, slot: Slot, worker: Worker) -> None:
        alive = worker.look()
        self.served |= worker.served
        if alive:
            return
        worker.kill()
        worker.join()
        pause = slot.fell(served=worker.served)
        if not self.served and (worker.exitcode or 0) > 0:  # by itself: no signal ended it
            self._end()
            return
        _log.warning("a worker is gone", pid=worker.pid, exit=worker.exitcode, again_in=pause)

    def _fill(self, slot: Slot) -> None:
        """Start a worker. The system may lend no process now, as where memory is short."""
        try:
            slot.worker = self._started()
        except OSError as error:
            pause = slot.fell()
            _log.error("a worker cannot be started", reason=error.strerror or str(error), again_in=pause)
            if not self.served:
                self._end()

    def _end(self) -> None:
        self.failed = True
        self.should_exit.set()

    def _started(self) -> Worker:
        worker = Worker(self.config, self.sockets)
        worker.start()
        return worker
