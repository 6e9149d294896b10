"""Servers of a test's own whose application is a replacement, and what tests see of their processes."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

SLOW = Path(__file__).with_name("slow_server.py")


class Server:
    """A running server and its address."""

    def __init__(self, stderr: int | None = None, **settings: object) -> None:
        command = [sys.executable, SLOW, *(f"{name}={value}" for name, value in settings.items())]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, encoding="utf-8")
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        found = re.search(r"https?://[^ ]+", self.said)
        if found is None:
            self.end()
            raise RuntimeError(f"the server did not start: {self.said!r}")
        self.url = found[0]

    def pid(self) -> int:
        return int(httpx.get(f"{self.url}/pid", timeout=60).text)

    def end(self) -> None:
        """Kill the server if it still lives, and wait until its children are gone."""
        family = (
            [self.process, *psutil.Process(self.process.pid).children()]
            if self.process.poll() is None
            else []
        )
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        psutil.wait_procs([each for each in family if isinstance(each, psutil.Process)], timeout=60)


@contextmanager
def served(stderr: int | None = None, **settings: object) -> Generator[Server]:
    server = Server(stderr, **settings)
    try:
        yield server
    finally:
        server.end()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def workers_of(server: Server) -> set[int]:
    children = psutil.Process(server.process.pid).children()
    alive = [each for each in children if each.status() != psutil.STATUS_ZOMBIE]
    return {each.pid for each in alive if "spawn_main" in " ".join(each.cmdline())}
