"""A sandbox, as a test sees it."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal
from urllib.parse import quote

from entrepot.registry import DOORS
from entrepot.testing.clock import Clock
from entrepot.testing.faults import Fault, Quota
from entrepot.testing.line import ControlPlaneError, Line
from entrepot.testing.requests import Requests

Kind = Literal["error", "refuse", "timeout", "slow", "drop", "busy", "half", "trickle", "garbage", "length"]
Keys = Mapping[str, Mapping[str, Mapping[str, str]]]
LONGEST_WAIT: Final = 30
RESETS: Final = 6
"""How often a server is asked to begin anew, which itself waits five seconds for what is under way."""


@dataclass(frozen=True)
class Mail:
    """A mail that was sent; `sent_at` is real time."""

    to: str
    sender: str
    subject: str
    text: str
    sent_at: datetime


@dataclass(frozen=True)
class Delivery:
    """A message to somebody outside. `listener` is a kind and whom it is for, `error` what the last try came to."""

    message: str
    listener: str
    state: str
    tries: int
    due_at: datetime
    error: str


@dataclass(frozen=True)
class Snapshot:
    """A state to come back to: of `workspace`, or of all where that is None; `taken_at` is real time."""

    name: str
    workspace: str | None
    release: str
    taken_at: datetime
    bytes: int


class Entrepot:
    """One running sandbox: where its doors are, and its control plane under `/sandbox`.

    What is refused raises ControlPlaneError, and so does a server that is none or does not answer. For one thread at
    a time; the server itself takes as many at once as come.
    """

    def __init__(self, url: str) -> None:
        self._line = Line(url)
        self.clock = Clock(self._line)
        self.requests = Requests(self._line)
        self._taken: set[str] = set()

    @property
    def base_url(self) -> str:
        """The server's own URL, without a final slash."""
        return self._line.url

    def url(self, door: str) -> str:
        """Where a door's paths begin, such as `http://127.0.0.1:40123/<door>`. Raises ValueError for an unknown one."""
        if door not in DOORS:
            raise ValueError(f"there is no door {door!r}; there are {', '.join(DOORS)}")
        return f"{self.base_url}/{door}"

    @cached_property
    def keys(self) -> Keys:
        """The keys as the world file has them: `keys[workspace][account][name]`. A reset keeps them."""
        return {
            workspace["name"]: {each["name"]: each["keys"] for each in workspace["channels"]}
            for workspace in self.world()["workspaces"]
        }

    def world(self) -> dict[str, Any]:
        """What stands in the sandbox now: accounts, products with prices and stock, test cards, tokens."""
        return self._line.get("/world")

    def reset(self, workspace: str | None = None) -> None:
        """Begin anew: the world as its file has it, no fault, the clock right; or one workspace without its faults.

        What a test before has left under way is waited for, half a minute at most.
        """
        self._patiently("/reset", query={} if workspace is None else {"workspace": workspace})

    def snapshot(self, name: str, *, workspace: str | None = None) -> Snapshot:
        """Keep what stands now, of one workspace or of all, under a name, in place of what had it."""
        of = {} if workspace is None else {"workspace": workspace}
        taken = _snapshot(self._patiently("/snapshots", body={"name": name, **of}))
        self._taken.add(name)
        return taken

    def restore(self, name: str) -> Snapshot:
        """Have stand here what a snapshot holds, without faults; the clock as it was where it is one of all."""
        return _snapshot(self._patiently(f"/snapshots/{quote(name, safe='')}/restore"))

    def snapshots(self) -> list[Snapshot]:
        """The snapshots that there are, oldest first."""
        return [_snapshot(each) for each in self._line.get("/snapshots")["snapshots"]]

    def delete_snapshot(self, name: str) -> None:
        """Forget one."""
        self._line.delete(f"/snapshots/{quote(name, safe='')}")
        self._taken.discard(name)

    @contextmanager
    def forgetting_snapshots(self) -> Generator[None]:
        """Delete at the end of the block what snapshots this object took within it under new names."""
        before, self._taken = self._taken, set()
        try:
            yield
        finally:
            taken, self._taken = self._taken - before, before
            for name in taken:
                self._forget(name)

    def _forget(self, name: str) -> None:
        try:
            self.delete_snapshot(name)
        except ControlPlaneError as error:
            if error.status != 404:  # somebody else has
                raise

    def _patiently(self, path: str, **more: Mapping[str, Any]) -> Any:
        for left in reversed(range(RESETS)):
            try:
                return self._line.send("POST", path, **more)
            except ControlPlaneError as error:
                if error.status != 503 or not left:
                    raise
        raise AssertionError

    def fail(
        self,
        target: str,
        kind: Kind = "error",
        *,
        times: int | None = None,
        seconds: float | None = None,
        skip: int | None = None,
        delay: float | None = None,
        **more: str,
    ) -> Fault:
        """Let a target fail, once unless it is said how many `times` or for how many `seconds` of real time.

        `skip` calls go through first. `delay` is for `slow`, `timeout`, `trickle` and `busy`. `more` may be
        `workspace`, `channel`, `path` and `at`, as `POST /sandbox/faults` takes them.
        """
        order = {"count": times, "lasts": seconds, "skip": skip or None, "delay": delay, **more}
        given = {name: value for name, value in order.items() if value is not None}
        return Fault(self._line, self._line.post("/faults", {"target": target, "kind": kind, **given})["id"])

    def clear_faults(self) -> None:
        """Lift every fault."""
        self._line.delete("/faults")

    def quota(
        self,
        door: str,
        calls: int,
        *,
        window: float = 60,
        per: Literal["door", "key"] = "door",
        path: str | None = None,
        seconds: float | None = None,
    ) -> Quota:
        """Let a door take so many `calls` in a `window` of seconds by the sandbox's clock, of all callers or of each.

        Beyond that it refuses in its own words, with `Retry-After`. `path` limits it to paths that begin so; without
        `seconds` of real time it lasts until it is lifted.
        """
        order = {"door": door, "calls": calls, "window": window, "per": per, "path": path, "lasts": seconds}
        given = {name: value for name, value in order.items() if value is not None}
        return Quota(self._line, self._line.post("/quotas", given)["id"])

    def wait_until_idle(self, seconds: int = LONGEST_WAIT) -> None:
        """Return once nothing goes on: messages delivered, carriers asked, attempts ended.

        Raises TimeoutError, with what still goes on, after so many seconds.
        """
        deadline = time.monotonic() + seconds
        while True:
            left = max(0, round(deadline - time.monotonic()))
            try:
                self._line.get("/idle", {"wait": min(left, LONGEST_WAIT)})
            except ControlPlaneError as error:
                if error.status != 408:
                    raise
                if time.monotonic() >= deadline:
                    raise TimeoutError(str(error)) from error
            else:
                return

    def mails(self, workspace: str, to: str | None = None, *, wait: int = 0) -> list[Mail]:
        """The mails that a workspace sent, the newest first, `to` one address or any.

        They go out a moment after the call that asked for them: `wait` up to so many seconds, at most 30, for one.
        """
        query: dict[str, str | int] = {"workspace": workspace, "wait": wait} | ({"to": to} if to else {})
        return [_mail(each) for each in self._line.get("/mailbox", query)["letters"]]

    def deliveries(
        self, workspace: str, state: Literal["waiting", "parked", "delivered"] = "delivered"
    ) -> list[Delivery]:
        """The messages of a workspace that arrived, wait or were given up, oldest first; never what they say."""
        query = {"workspace": workspace, "state": state}
        return [_delivery(each) for each in self._line.get("/deliveries", query)["deliveries"]]

    def resend(self, workspace: str, message: str) -> None:
        """Tell an event again that has arrived: under the same id, and `Entrepot-Attempt` counts one more."""
        self._line.send(
            "POST", "/deliveries/resend", query={"workspace": workspace}, body={"message": message}
        )

    def explain(self, request_id: str) -> dict[str, Any]:
        """Why a request was refused: by which checks, what they compared, on which rows, and what would pass.

        `request_id` is what the answer has in `X-Request-Id`. The latest thousand requests are remembered.
        """
        return self._line.get(f"/explain/{quote(request_id, safe='')}")

    def close(self) -> None:
        """Let go of the connection; the server goes on."""
        self._line.close()


def _mail(letter: Mapping[str, str]) -> Mail:
    sent_at = datetime.fromisoformat(letter["sent_at"])
    return Mail(letter["to"], letter["sender"], letter["subject"], letter["text"], sent_at)


def _delivery(told: Mapping[str, Any]) -> Delivery:
    known: dict[str, Any] = {each.name: told[each.name] for each in fields(Delivery)}
    known["due_at"] = datetime.fromisoformat(told["due_at"])
    return Delivery(**known)


def _snapshot(told: Mapping[str, Any]) -> Snapshot:
    known: dict[str, Any] = {each.name: told[each.name] for each in fields(Snapshot)}
    known["taken_at"] = datetime.fromisoformat(told["taken_at"])
    return Snapshot(**known)
