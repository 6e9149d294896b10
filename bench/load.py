"""Loads: orders sent over HTTP by wrk, or by a client of our own where there is no wrk."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from asyncio.subprocess import PIPE
from pathlib import Path

import msgspec

from bench import orders
from bench.client import Client
from bench.messages import EVERYTHING, Answers, Load

_SCRIPT = Path(__file__).with_name("submit.lua")


class Sender:
    """Sends loads to one server; no two orders of its life share a number, nor do those of senders of other names."""

    def __init__(self, url: str, connections: int, wrk: str | None, name: str = "run") -> None:
        self.url = url
        self.connections = connections
        self.wrk = wrk
        self._name = name
        self._runs = 0
        self._sent: dict[str, int] = {}

    @property
    def name(self) -> str:
        """What generates the load."""
        return "wrk" if self.wrk else "client-bound"

    async def send(self, load: Load, seconds: int, most: int = EVERYTHING) -> Answers:
        """Send for so long, over all connections at once; without wrk at most so many."""
        if self.wrk is None:
            return await self.send_from_here(load, seconds=seconds, most=most)
        run, first = self._begin(load)
        connections = load.connections or self.connections
        with tempfile.TemporaryDirectory(prefix="entrepot-bench-") as folder:
            body, targets = _written(Path(folder), load)
            output = await _output_of(
                [self.wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(_SCRIPT), self.url],
                [orders.PATH, str(body), str(targets), run, load.tokens, str(first)],
            )
        answers = msgspec.json.decode(output.splitlines()[-1], type=Answers)
        self._sent[load.tokens] = first + answers.requests + connections
        return answers

    async def send_from_here(self, load: Load, *, seconds: int = 60, most: int = EVERYTHING) -> Answers:
        """Send with our own client until the time is over or so many were sent; every request is answered."""
        run, first = self._begin(load)
        connections = load.connections or self.connections
        answers = await Client(self.url, load, run, first, most).run(connections, seconds)
        self._sent[load.tokens] = first + answers.requests
        return answers

    def _begin(self, load: Load) -> tuple[str, int]:
        """What starts the numbers of a new run, and how many tokens of this form were sent before."""
        self._runs += 1
        return f"{self._name}{self._runs}-", self._sent.get(load.tokens, 0)


def _written(folder: Path, load: Load) -> tuple[Path, Path]:
    """The files that the script reads: the body, and the targets."""
    body, targets = folder / "body", folder / "targets"
    body.write_text(orders.template(load.method), "utf-8")
    targets.write_text("".join(f"{t.key} {t.product} {t.variant}\n" for t in load.targets), "utf-8")
    return body, targets


async def _output_of(command: list[str], script: list[str]) -> bytes:
    process = await asyncio.create_subprocess_exec(*command, "--", *script, stdout=PIPE)
    output, _ = await process.communicate()
    return output


def find_wrk() -> str | None:
    """wrk, where it is installed."""
    return shutil.which("wrk")
