"""A writer that never makes a request wait for the log's reader."""

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable

LARGEST_WRITE = 4096  # what a pipe takes in one piece, so that the lines of several workers never mix
MOST_LINES = 20_000
MOST_BYTES = 8_000_000
INTERVAL = 0.2
FLUSH_LIMIT = 2.0
"""For how many seconds a process that ends waits for the log's reader."""


def _nobody(_: int) -> None:
    """Nobody counts."""


class LineWriter:
    """Queues lines, which a thread of its own writes to a file descriptor, whole lines at a time.

    When the reader stalls, at most MOST_LINES and MOST_BYTES wait; later lines are dropped, `on_drop` is told how many,
    and their number is written once the reader reads again.
    """

    def __init__(self, descriptor: int, on_drop: Callable[[int], None] = _nobody) -> None:
        self._descriptor = descriptor
        self._on_drop = on_drop
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0
        self._wanted = threading.Event()
        self._written = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(self, line: bytes, *, soon: bool = False) -> None:
        """Queue one line without its newline, to be written within the interval or `soon`; returns at once."""
        if len(self._lines) >= MOST_LINES or self._size + len(line) > MOST_BYTES:
            self._drop(1)
            return
        self._size += len(line)
        self._lines.append(line)
        if self._thread is None:
            self._start()
        if soon:
            self._wanted.set()

    def flush(self, limit: float = FLUSH_LIMIT) -> None:
        """Have all that is queued written; waits for the reader, but no longer than `limit` seconds."""
        if self._thread is None:
            return
        self._wanted.set()
        with self._written:
            self._written.wait_for(lambda: not self._lines and not self._wanted.is_set(), limit)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()
        atexit.register(self.flush)

    def _run(self) -> None:
        while True:
            self._wanted.wait(INTERVAL)
            while self._lines:
                self._write_all(self._next_piece())
            self._tell_of_dropped()
            with self._written:
                if not self._lines:
                    self._wanted.clear()
                self._written.notify_all()

    def _tell_of_dropped(self) -> None:
        dropped, self._dropped = self._dropped, 0
        if dropped:
            self._write_all(b"%d log lines were dropped: their reader was too slow\n" % dropped)

    def _next_piece(self) -> bytes:
        piece = [self._lines.popleft()]
        size = len(piece[0]) + 1
        while self._lines and size + len(self._lines[0]) < LARGEST_WRITE:
            piece.append(self._lines.popleft())
            size += len(piece[-1]) + 1
        self._size -= size - len(piece)
        return b"\n".join(piece) + b"\n"

    def _write_all(self, piece: bytes) -> None:
        try:
            while piece:
                piece = piece[os.write(self._descriptor, piece) :]
        except OSError:
            self._drop(1)  # the reader is gone; a server does not stop for that

    def _drop(self, lines: int) -> None:
        self._dropped += lines
        self._on_drop(lines)
