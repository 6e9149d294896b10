"""A local server that answers as Stripe does, and fails as networks do, step by step.

As a process: `python -m tests.support.stripe_server --port N`. Requests that steer it:

- `POST /_faults` with `{"step": "confirm", "kind": "drop", "times": 1, "acts": true}`: what shall go wrong next;
  with `"skip": 2` the first two of these steps go well;
- `GET /_state`: intents, refunds, transfers, and the steps that were asked for, in order.

Kinds: `error` (with `status` and `error`), `html` (with `status`), `drop` (the connection), `half` (an answer that
ends in the middle), `silence` (no answer at all). `acts` says whether the request took effect all the same.
"""

import argparse
import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from dataclasses import asdict, dataclass, field
from urllib.parse import parse_qsl

from tests.support.stripe_books import Answer, Books, Form, error

KEY_REUSED: Answer = (
    400,
    {
        "error": {
            "type": "idempotency_error",
            "message": "Keys for idempotent requests can only be used with the same parameters they were first"
            " used with.",
        }
    },
)


@dataclass
class Fault:
    """Something that goes wrong at a step, `times` times, after `skip` times at which it does not."""

    step: str
    kind: str
    times: int = 1
    acts: bool = True
    status: int = 500
    error: dict[str, object] = field(default_factory=dict[str, object])
    skip: int = 0


@dataclass
class Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def step(self) -> str:
        parts = self.path.strip("/").split("/")[1:]
        match (self.method, parts):
            case ("GET", ["payment_intents", "search"]):
                return "search"
            case ("GET", ["refunds" | "transfers" as kind]):
                return f"list_{kind}"
            case ("GET", ["transfers", _, "reversals"]):
                return "list_reversals"
            case ("POST", ["transfers", _, "reversals"]):
                return "reverse"
            case ("POST", [_, _, verb]):
                return verb
            case ("POST", [kind]):
                return {"payment_intents": "create", "refunds": "refund", "transfers": "transfer"}.get(
                    kind, kind
                )
            case (_, [kind, _]):
                return {"payment_intents": "read", "accounts": "account"}.get(kind, kind)
            case _:
                return "unknown"


class StripeServer:
    """Books, idempotency keys and faults behind a socket."""

    def __init__(self) -> None:
        self.books = Books()
        self.faults: list[Fault] = []
        self.steps: list[str] = []
        self._kept: dict[str, tuple[str, Answer]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @contextlib.asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncGenerator[str]:
        """Serve on the loopback address and give the base URL; every open connection ends with the block."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{self.port}"
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    def fail(self, step: str, kind: str, **how: object) -> None:
        self.faults.append(Fault(step, kind, **how))  # pyright: ignore[reportArgumentType]

    def forget_keys(self) -> None:
        """As Stripe does after a day: the same key acts again."""
        self._kept.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read(reader)
        if request.path.startswith("/_"):
            return await _send(writer, 200, self._steer(request))
        self.steps.append(request.step)
        fault = self._next_fault(request.step)
        if fault is None:
            status, reply = self._answer(request)
            return await _send(writer, status, reply)
        status, reply = self._answer(request) if fault.acts else (500, {})
        return await self._go_wrong(fault, writer, reader, status, reply)

    def _next_fault(self, step: str) -> Fault | None:
        for fault in self.faults:
            if fault.step != step or fault.times <= 0:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None

    async def _go_wrong(
        self,
        fault: Fault,
        writer: asyncio.StreamWriter,
        reader: asyncio.StreamReader,
        status: int,
        reply: dict[str, object],
    ) -> bool:
        if fault.kind == "error":
            return await _send(writer, fault.status, {"error": fault.error})
        if fault.kind == "html":
            return await _send(writer, fault.status, b"<html><body>Bad gateway sk_live_1</body></html>")
        if fault.kind == "half":
            await _send(writer, status, reply, cut=20)
        if fault.kind == "silence":
            await reader.read(1)  # until the client gives up
        return False

    def _steer(self, request: Request) -> dict[str, object]:
        if request.method == "POST":
            self.faults.append(Fault(**json.loads(request.body)))
        return {**asdict(self.books, dict_factory=_plain), "steps": list(self.steps)}

    def _answer(self, request: Request) -> Answer:
        """As `_act`, once per idempotency key."""
        if not request.headers.get("authorization", "").startswith("Bearer sk_test_"):
            return error(401, "Invalid API Key provided: sk_live_****1234")
        key = request.headers.get("idempotency-key")
        if request.method == "GET":
            return self._look_up(request)
        if key is None:
            return self._act(request)
        asked = f"{request.path}?{request.body.decode()}"
        if key in self._kept:
            first, answer = self._kept[key]
            return answer if first == asked else KEY_REUSED
        status, reply = self._act(request)
        answer = status, json.loads(json.dumps(reply))
        if status in (200, 402):
            self._kept[key] = asked, answer
        return answer

    def _look_up(self, request: Request) -> Answer:
        asked: Form = dict(parse_qsl(request.query))
        name = request.path.rpartition("/")[2]
        match request.step:
            case "read":
                return self.books.read(name)
            case "account":
                return self.books.account(name)
            case "search":
                return self.books.search(asked["query"])
            case "list_reversals":
                return self.books.listed("reversals", {**asked, "transfer": request.path.split("/")[3]})
            case "list_refunds" | "list_transfers":
                return self.books.listed(name, asked)
            case _:
                return error(404, f"Unrecognized request URL (GET: {request.path}).")

    def _act(self, request: Request) -> Answer:
        form: Form = dict(parse_qsl(request.body.decode()))
        parts = request.path.strip("/").split("/")
        match request.step:
            case "create":
                return self.books.create(form)
            case "confirm":
                return self.books.confirm(parts[2], form)
            case "capture":
                return self.books.capture(parts[2], form)
            case "cancel":
                return self.books.cancel(parts[2])
            case "refund":
                return self.books.refund(form)
            case "transfer":
                return self.books.transfer(form)
            case "reverse":
                return self.books.reverse(parts[2], form)
            case _:
                return error(404, f"Unrecognized request URL ({request.method}: {request.path}).")


def _plain(items: list[tuple[str, object]]) -> dict[str, object]:
    return {name: sorted(v) if isinstance(v, set) else v for name, v in items if name != "numbers"}


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body)


async def _send(
    writer: asyncio.StreamWriter, status: int, reply: dict[str, object] | bytes, cut: int | None = None
) -> bool:
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    kind = "text/html" if isinstance(reply, bytes) else "application/json"
    head = f"HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body[:cut])
    await writer.drain()
    return True


async def _main(port: int) -> None:
    async with StripeServer().listening(port) as url:
        print(url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(parser.parse_args().port))
