"""The server as processes: signals drain, dead workers are replaced, orphans end, faults are told."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

SLOW = Path(__file__).with_name("slow_server.py")
ENTREPOT = Path(sys.executable).with_name("entrepot")


class Server:
    """A running server and its address."""

    def __init__(self, data_dir: Path, workers: int) -> None:
        command = [sys.executable, SLOW, data_dir, str(workers)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        found = re.search(r"http://[^ ]+", self.said)
        assert found, self.said
        self.url = found[0]

    def pid(self) -> int:
        return int(httpx.get(f"{self.url}/pid", timeout=20).text)

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
        psutil.wait_procs([each for each in family if isinstance(each, psutil.Process)], timeout=10)


@pytest.fixture(params=[1, 2], ids=["one process", "two workers"])
def server(open_folder: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(open_folder / f"served-{request.param}", request.param)
    yield server
    server.end()


@pytest.fixture
def two_workers(open_folder: Path) -> Iterator[Server]:
    server = Server(open_folder / "served-2", 2)
    yield server
    server.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_signal_lets_accepted_requests_be_answered(server: Server, number: signal.Signals) -> None:
    server.pid()  # the workers are up
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(httpx.get, f"{server.url}/slow", timeout=20)
        time.sleep(0.3)
        server.process.send_signal(number)
        assert pending.result().text == "answered"
    assert server.process.wait(20) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/pid")


def test_dead_worker_is_replaced(two_workers: Server) -> None:
    victim = two_workers.pid()
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while len(workers_of(two_workers) - {victim}) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert two_workers.pid() != victim


def test_workers_end_when_the_parent_is_killed(two_workers: Server) -> None:
    two_workers.pid()
    family = psutil.Process(two_workers.process.pid).children(recursive=True)
    two_workers.process.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


def workers_of(server: Server) -> set[int]:
    children = psutil.Process(server.process.pid).children()
    alive = [each for each in children if each.status() != psutil.STATUS_ZOMBIE]
    return {each.pid for each in alive if "spawn_main" in " ".join(each.cmdline())}


def run_serve(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ENTREPOT, "serve", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_port_in_use_is_told(open_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_serve("--port", port, "--data-dir", str(open_folder / "never"))
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1, port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_settings_are_told_all_at_once() -> None:
    done = run_serve("--port", "abc", "--workers", "0")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2


def test_second_server_on_the_data_folder_is_told(two_workers: Server, open_folder: Path) -> None:
    done = run_serve("--port", "0", "--data-dir", str(open_folder / "served-2"))
    assert done.returncode == 1
    assert f"process {two_workers.process.pid}" in done.stderr


def test_database_that_cannot_be_reached_is_told() -> None:
    done = run_serve("--port", "0", "--database-url", "postgresql://u:hunter2@127.0.0.1:1/d")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr
