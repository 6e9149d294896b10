"""The proof of one documented row, the same for every door."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from entrepot.store.connections import Connection
from tests.conformance.harness.client import Reply, Request, Sender
from tests.conformance.harness.rows import Row
from tests.conformance.harness.state import changed, read_state

Headers: TypeAlias = Mapping[str, str | re.Pattern[str]]
Change: TypeAlias = Callable[[], Awaitable[object]]
Check: TypeAlias = Callable[[Reply], Awaitable[object]]

REQUEST_ID = re.compile(r"[0-9a-f]{32}")
UNTOLD = frozenset({"date"})
"""Headers that say nothing of the request."""


@dataclass(frozen=True)
class Expected:
    """A whole reply. Headers are all of them but `date`; a pattern stands for a value that is made anew each time."""

    status: int
    headers: Headers
    body: Any


def assert_reply(reply: Reply, expected: Expected) -> None:
    """Compare status, all headers and the whole body; a frame on an open socket is all body."""
    assert_same(reply.json, expected.body)
    if not reply.framed:
        assert reply.status == expected.status, reply.body
        assert_headers(reply, expected.headers)


def assert_headers(reply: Reply, expected: Headers) -> None:
    """Compare all headers; X-Request-Id, Content-Length, Content-Type and Cache-Control are on every reply."""
    told = [header for header in reply.headers if header[0] not in UNTOLD]
    assert len(dict(told)) == len(told), f"a header came twice: {told}"
    on_all: Headers = {
        "x-request-id": REQUEST_ID,
        "cache-control": "no-store",
        "content-length": str(len(reply.body)),
        "content-type": "application/json",
    }
    assert_same(dict(told), {**on_all, **expected})


def assert_same(found: Any, expected: Any, where: str = "") -> None:
    """Compare two JSON values; patterns match texts whole, and 1, 1.0 and true are three things."""
    match expected:
        case re.Pattern():
            assert isinstance(found, str), (where, found)
            assert expected.fullmatch(found), (where, found)
        case dict():
            assert isinstance(found, dict), (where, found)
            assert found.keys() == expected.keys(), (where, found)
            for name, value in expected.items():
                assert_same(found[name], value, f"{where}/{name}")
        case list():
            assert isinstance(found, list), (where, found)
            assert len(found) == len(expected), (where, found)
            for index, value in enumerate(expected):
                assert_same(found[index], value, f"{where}/{index}")
        case _:
            assert (type(found), found) == (type(expected), expected), where


@dataclass(frozen=True)
class Prove:
    """The proof of a row, bound to the row that the test is marked with."""

    row: Row
    client: Sender
    connection: Connection

    async def __call__(
        self,
        request: Request,
        expected: Expected,
        mend: Request | Change,
        effect: Check,
        *,
        success: int = 200,
        reads: bool = False,
        traces: Collection[str] = (),
    ) -> None:
        """Prove the row.

        `request` must get exactly `expected`, and change nothing. Then the smallest change, `mend`: either of the
        state, after which the same request is sent again, or of the request. Now it must succeed, and `effect`
        looks at the reply and the state for what success means. Where success `reads` it changes nothing either.
        `traces` are tables in which others, or what is to be told them, may keep that they were asked.
        """
        assert self.row.http in (None, expected.status)
        before = await read_state(self.connection)
        assert_reply(await self.client.send(request), expected)
        did = set(changed(before, await read_state(self.connection))) - set(traces)
        assert not did, f"a refusal that changed {did}"
        if not isinstance(mend, Request):
            await mend()
        await self._succeed(mend if isinstance(mend, Request) else request, effect, success, reads=reads)

    async def succeeds(
        self, request: Request, expected: Expected, effect: Check, *, reads: bool = False
    ) -> None:
        """Prove a row that is a success: its whole reply and its effect; it changes something unless it `reads`."""
        assert self.row.http == expected.status

        async def whole(reply: Reply) -> None:
            assert_reply(reply, expected)
            await effect(reply)

        await self._succeed(request, whole, expected.status, reads=reads)

    async def _succeed(self, request: Request, effect: Check, status: int, *, reads: bool) -> None:
        before = await read_state(self.connection)
        reply = await self.client.send(request)
        assert reply.status == status, reply.body
        did = changed(before, await read_state(self.connection))
        assert bool(did) is not reads, f"a success that changed {did}"
        await effect(reply)
