"""A writer that never makes a request wait for the log's reader."""

import atexit
import os
import threading
from collections import deque

LARGEST_WRITE = 4096  # what a pipe takes in one piece, so that the lines of several workers never mix
MOST_LINES = 20_000
INTERVAL = 0.2


class LineWriter:
    """Collects lines and writes them in the background to a file descriptor, whole lines at a time.

    When the reader stalls, at most MOST_LINES wait; later ones are dropped, and their number is written.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._dropped = 0
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def write(self, line: bytes) -> None:
        """Queue one line without its newline; returns at once."""
        if len(self._lines) >= MOST_LINES:
            self._dropped += 1
            return
        self._lines.append(line)
        if self._thread is None:
            self._start()

    def flush(self) -> None:
        """Write all that is queued; waits for the reader."""
        with self._writing:
            while self._lines:
                self._write_all(self._next_piece())
            dropped, self._dropped = self._dropped, 0
            if dropped:
                self._write_all(b"%d log lines were dropped: their reader was too slow\n" % dropped)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()
        atexit.register(self.flush)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(INTERVAL)
            self.flush()

    def _next_piece(self) -> bytes:
        piece = [self._lines.popleft()]
        size = len(piece[0]) + 1
        while self._lines and size + len(self._lines[0]) < LARGEST_WRITE:
            piece.append(self._lines.popleft())
            size += len(piece[-1]) + 1
        return b"\n".join(piece) + b"\n"

    def _write_all(self, piece: bytes) -> None:
        try:
            while piece:
                piece = piece[os.write(self._descriptor, piece) :]
        except OSError:
            self._dropped += 1  # the reader is gone; a server does not stop for that
