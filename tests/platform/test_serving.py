"""The server as processes: signals drain, dead workers are replaced, orphans end, faults are told."""

import asyncio
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import psutil
import pytest
import uvicorn
from starlette.types import ASGIApp, Message
from tests.platform.served import Server, served, wait_until, workers_of
from tests.support.waiting import out_of_time
from uvicorn.supervisors.multiprocess import SIGNALS

from entrepot.config import MOST_WORKERS
from entrepot.engine.clock import Clock
from entrepot.engine.worker import Worker
from entrepot.lifespan import Lifespan
from entrepot.serving import supervisor
from entrepot.serving.capacity import RESERVE, connections_for
from entrepot.serving.scratch import scratch_folder
from entrepot.store.connections import WORKER_CONNECTIONS, connect
from entrepot.store.embedded import EmbeddedPostgres

ENTREPOT = Path(sys.executable).with_name("entrepot")
SUBMIT = "/bonsai/orders/V1/submit"
CERTIFICATE = Path(__file__).parents[1] / "gateways" / "tokens" / "partner_test.pem"


@pytest.fixture
def two_workers(module_database_url: str) -> Iterator[Server]:
    with served(database_url=module_database_url, workers=2) as server:
        yield server


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_signal_lets_accepted_requests_be_answered(
    open_folder: Path, tmp_path: Path, workers: int, number: signal.Signals
) -> None:
    begun = tmp_path / "begun"
    with served(data_dir=open_folder / "served", workers=workers) as server, ThreadPoolExecutor(1) as pool:
        server.pid()  # the workers are up
        pending = pool.submit(httpx.get, f"{server.url}/slow", params={"begun": str(begun)}, timeout=60)
        wait_until(begun.exists)
        server.process.send_signal(number)
        assert pending.result().text == "answered"
        assert server.process.wait(60) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/pid", timeout=60)


def test_dead_worker_is_replaced(two_workers: Server) -> None:
    victim = two_workers.pid()
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(workers_of(two_workers) - {victim}) == 2)
    assert two_workers.pid() != victim


def test_workers_end_when_the_parent_is_killed(two_workers: Server) -> None:
    two_workers.pid()
    family = psutil.Process(two_workers.process.pid).children(recursive=True)
    two_workers.process.kill()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize("workers", [1, 2])
def test_database_that_can_never_be_started_again_ends_the_server(open_folder: Path, workers: int) -> None:
    folder = open_folder / f"gone-{workers}"
    with embedded_server(folder, workers) as (process, _):
        (folder / "postgres" / "PG_VERSION").write_text("9\n")
        kill_database(process.pid)
        assert process.wait(60) == 1
        assert process.stderr is not None
        said = process.stderr.read()
    assert "PostgreSQL does not stay up, so the server has ended." in said
    assert f"The data folder {folder} was written by PostgreSQL 9" in said
    assert "Traceback" not in said


def test_database_that_cannot_be_started_for_a_while_ends_nobody(open_folder: Path) -> None:
    """What PostgreSQL must read is away, so that each start fails; callers are told to come again until it is back."""
    folder = open_folder / "away"
    with (
        embedded_server(folder, 1) as (process, url),
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        needed = folder / "postgres" / "global"
        needed.rename(folder / "postgres" / "aside")
        kill_database(process.pid)
        wait_until(lambda: (folder / "postgres.log").read_text("utf-8", "replace").count("FATAL") >= 3)
        assert process.poll() is None
        ready, refused = client.get("/readyz"), client.post(SUBMIT, json={}, headers={"API-Key": "any"})
        assert [reply.status_code for reply in (ready, refused)] == [503, 503]
        assert all("retry-after" in reply.headers for reply in (ready, refused))
        (folder / "postgres" / "aside").rename(needed)
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.post(SUBMIT, json={}, headers={"API-Key": "any"}).status_code == 401
        process.terminate()
        assert process.wait(60) == 0


@contextmanager
def embedded_server(folder: Path, workers: int) -> Generator[tuple["subprocess.Popen[str]", str]]:
    """A server with a PostgreSQL of its own that answers, and its URL."""
    command = [ENTREPOT, "serve", "--port", "0", "--data-dir", folder, "--workers", str(workers)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"https?://[^ ]+", process.stdout.readline())
            assert found is not None
            yield process, found[0]
        finally:
            process.terminate()


def kill_database(parent: int) -> None:
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(parent).children():
            if child.name() == "postgres":
                child.kill()


def test_certificate_is_served_to_who_trusts_it(module_database_url: str) -> None:
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    tls: dict[str, Any] = {"tls_cert": CERTIFICATE, "tls_key": CERTIFICATE}
    with served(database_url=module_database_url, **tls) as server:
        assert server.url.startswith("https://127.0.0.1:")
        with httpx.Client(verify=trusting, base_url=server.url, trust_env=False, timeout=60) as client:
            forged = {"X-Forwarded-Proto": "http", "X-Forwarded-For": "192.0.2.7"}
            reply = client.get("/seen", headers=forged, extensions={"sni_hostname": "partner.test"})
            assert reply.json() == {"scheme": "https", "client": "127.0.0.1"}
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{server.url}/seen", trust_env=False, timeout=60)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{server.url.replace('https', 'http')}/seen", trust_env=False, timeout=60)


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [
        ("127.0.0.0/8", {"scheme": "https", "client": "192.0.2.7"}),
        ("10.0.0.0/8", {"scheme": "http", "client": "127.0.0.1"}),
    ],
)
def test_forwarded_headers_count_from_trusted_proxies_only(
    module_database_url: str, proxies: str, seen: dict[str, str]
) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    with served(database_url=module_database_url, trusted_proxies=proxies) as server:
        reply = httpx.get(f"{server.url}/seen", headers=headers, trust_env=False, timeout=60)
    assert reply.json() == seen


async def test_a_database_that_is_starting_again_is_waited_for(database_url: str) -> None:
    worker, messages = Worker(database_url, Clock()), asyncio.Queue[Message]()
    opening, tries = (
        worker.pool.open,
        [ConnectionRefusedError(), asyncpg.CannotConnectNowError("starting up")],
    )

    async def opened() -> None:
        if tries:
            raise tries.pop()
        await opening()

    worker.pool.open = opened
    said = await lifespan(Lifespan(worker, lambda: False), messages)
    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


@pytest.mark.parametrize(
    ("url", "ending", "reason"),
    [
        ("postgresql://u:hunter2@127.0.0.1:1/d", True, "Connect call failed"),
        ("postgresql://u:hunter2@127.0.0.1:1/d", False, "Connect call failed"),
        (None, False, "does not exist"),
    ],
    ids=["told-to-end", "stays-away", "refuses"],
)
async def test_a_start_without_the_database_fails_with_one_sentence(
    database_url: str, url: str | None, ending: bool, reason: str
) -> None:
    nowhere = database_url.replace("/test_", "/none_")
    worker = Worker(url or nowhere, Clock())
    patience = 0 if url and not ending else 3600
    said = await lifespan(Lifespan(worker, lambda: ending, patience), asyncio.Queue())
    assert [message["type"] for message in said] == ["lifespan.startup.failed"]
    assert said[0]["message"].startswith("The database does not answer: ")
    assert reason in said[0]["message"]
    assert "hunter2" not in said[0]["message"]
    assert "Traceback" not in said[0]["message"]


class Stuck:
    """What lives beside the worker's parts, and never ends by itself."""

    def __init__(self) -> None:
        self.told = False

    def start(self) -> None: ...

    async def stop(self) -> None:
        self.told = True
        await asyncio.Event().wait()


async def test_what_lives_beside_the_worker_holds_up_no_end(database_url: str) -> None:
    """As the integration log would, whose database says nothing."""
    stuck = Stuck()
    app = Lifespan(Worker(database_url, Clock()), lambda: False, beside=[stuck])
    messages = asyncio.Queue[Message]()
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    for kind in ("startup", "shutdown"):
        messages.put_nowait({"type": f"lifespan.{kind}"})
    await out_of_time(app({"type": "lifespan"}, messages.get, send), lambda: stuck.told)
    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def lifespan(app: ASGIApp, messages: "asyncio.Queue[Message]") -> list[Message]:
    """What the app says to a start and a stop."""
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    messages.put_nowait({"type": "lifespan.startup"})
    messages.put_nowait({"type": "lifespan.shutdown"})
    async with asyncio.timeout(60):
        await app({"type": "lifespan"}, messages.get, send)
    return said


def run_serve(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ENTREPOT, "serve", *arguments], capture_output=True, encoding="utf-8", check=False, timeout=60
    )


def test_port_in_use_is_told(open_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_serve("--port", port, "--data-dir", str(open_folder / "never"))
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1, port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_key_of_another_certificate_is_told(open_folder: Path) -> None:
    other = CERTIFICATE.parents[1] / "mail" / "mail_test.pem"
    done = run_serve(
        "--data-dir", str(open_folder / "never"), "--tls-cert", str(CERTIFICATE), "--tls-key", str(other)
    )
    assert done.returncode == 1
    assert "--tls-key" in done.stderr
    assert "KEY_VALUES_MISMATCH" in done.stderr
    assert "Traceback" not in done.stderr


def test_more_workers_than_the_database_admits_are_told(database_url: str) -> None:
    name = database_url.partition("?")[0].rpartition("/")[2]
    asyncio.run(execute(database_url, f"alter database {name} connection limit 13"))
    done = run_serve("--port", "0", "--database-url", database_url, "--workers", "2")
    assert done.returncode == 1
    assert f"2 workers x {WORKER_CONNECTIONS} connections = {2 * WORKER_CONNECTIONS}" in done.stderr
    assert "admits 13" in done.stderr


async def execute(url: str, statement: str) -> None:
    connection = await connect(url)
    await connection.execute(statement)
    await connection.close()


def test_embedded_database_admits_what_any_number_of_workers_opens() -> None:
    for workers in (1, 9, MOST_WORKERS):
        assert connections_for(workers) >= workers * WORKER_CONNECTIONS + RESERVE


def test_wrong_settings_are_told_all_at_once() -> None:
    done = run_serve("--port", "abc", "--workers", "0")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2


def test_second_server_on_the_data_folder_is_told(open_folder: Path) -> None:
    with EmbeddedPostgres(open_folder / "served"):
        done = run_serve("--port", "0", "--data-dir", str(open_folder / "served"))
    assert done.returncode == 1
    assert f"process {os.getpid()}" in done.stderr


def test_database_that_cannot_be_reached_is_told() -> None:
    done = run_serve("--port", "0", "--database-url", "postgresql://u:hunter2@127.0.0.1:1/d")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_that_cannot_start_for_a_while_ends_nobody(tmp_path: Path, module_database_url: str) -> None:
    """The database is away when a worker falls: the other serves on, and a new one comes once it is back."""
    away = tmp_path / "away"
    with served(database_url=module_database_url, workers=2, data_dir=tmp_path) as server:
        wait_until(lambda: len(serving(server)) == 2)
        away.touch()
        fallen = server.pid()
        os.kill(fallen, signal.SIGKILL)
        wait_until(
            lambda: (
                len((tmp_path / "failed").read_text().split()) >= 2 if (tmp_path / "failed").exists() else 0
            )
        )
        assert server.process.poll() is None
        assert len(serving(server)) == 1
        away.unlink()
        wait_until(lambda: len(serving(server) - {fallen}) == 2)


def serving(server: Server) -> set[int]:
    """The workers that answer, asked often enough to meet both."""
    return {server.pid() for _ in range(40)}


def test_workers_that_can_never_start_end_the_server(tmp_path: Path, module_database_url: str) -> None:
    (tmp_path / "away").touch()
    with served(database_url=module_database_url, workers=2, data_dir=tmp_path) as server:
        assert server.process.wait(60) == 1


def test_a_worker_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "END_LIMIT", 0.1)
    handlers = {each: signal.getsignal(each) for each in SIGNALS}
    watch = supervisor.Supervisor(uvicorn.Config("none", workers=1), [])
    for number, handler in handlers.items():
        signal.signal(number, handler)
    worker = supervisor.Worker(watch.config, [])
    worker.process = get_context("spawn").Process(target=time.sleep, args=(3600,))  # pyright: ignore[reportAttributeAccessIssue]
    worker.start()
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    watch._slots = [supervisor.Slot(worker)]  # pyright: ignore[reportPrivateUsage]
    watch.terminate_all()
    watch.join_all()
    assert worker.exitcode in (-signal.SIGKILL, -signal.SIGTERM)  # stopped, it got both


def test_what_a_killed_server_left_is_cleared_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    script = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from entrepot.serving.scratch import scratch_folder\n"
        "with scratch_folder('metrics') as folder: print(folder, flush=True); input()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    theirs = Path(process.stdout.readline().strip())
    with scratch_folder("metrics") as ours:
        assert {each.name for each in tmp_path.iterdir()} == {theirs.name, ours.name}
    process.kill()
    process.communicate()
    with scratch_folder("metrics") as ours:
        assert list(tmp_path.iterdir()) == [ours]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_nobody_waits_for_the_reader_of_the_log(module_database_url: str, workers: int) -> None:
    read, write = os.pipe()
    with served(stderr=write, database_url=module_database_url, workers=workers) as server:
        os.close(write)
        for _ in range(2):
            assert httpx.get(f"{server.url}/errors", trust_env=False, timeout=60).text == "written"
        assert server.pid()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
    os.close(read)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_renewed_certificate_greets_new_connections_and_drops_none(
    module_database_url: str, tmp_path: Path, workers: int
) -> None:
    other = CERTIFICATE.parents[1] / "mail" / "mail_test.pem"
    given, names = tmp_path / "given.pem", {CERTIFICATE: fingerprint(CERTIFICATE), other: fingerprint(other)}
    given.write_bytes(CERTIFICATE.read_bytes())
    tls: dict[str, Any] = {"tls_cert": given, "tls_key": given}
    with served(database_url=module_database_url, workers=workers, **tls) as server:
        address = urlsplit(server.url)
        where = (str(address.hostname), int(address.port or 0))
        wait_until(lambda: greeted(where) == names[CERTIFICATE])
        with ssl_socket(where) as open_before:
            ask_on(open_before)
            given.write_text("no certificate")
            server.process.send_signal(signal.SIGHUP)
            given.write_bytes(other.read_bytes())
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: {greeted(where) for _ in range(20)} == {names[other]})
            ask_on(open_before)
        assert server.process.poll() is None


def ssl_socket(where: tuple[str, int]) -> ssl.SSLSocket:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return trusting.wrap_socket(socket.create_connection(where, timeout=60))


def greeted(where: tuple[str, int]) -> bytes | None:
    with ssl_socket(where) as wire:
        return wire.getpeercert(binary_form=True)


def ask_on(wire: ssl.SSLSocket) -> None:
    wire.sendall(b"HEAD /pid HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert wire.recv(65_536).startswith(b"HTTP/1.1 200 ")


def fingerprint(pem: Path) -> bytes:
    text = pem.read_text("utf-8")
    start = text.index("-----BEGIN CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(text[start : text.index("-----END CERTIFICATE-----") + 25] + "\n")
