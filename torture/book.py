"""The customers' own book: what they asked for under which name, and what they were told came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Final, Literal

import httpx
import msgspec

from entrepot.failures import Internal, Retry, catalogue
from torture.doors import Answer, Customer

State = Literal["open", "acknowledged", "refused"]
SOLD_OUT: Final = {"sold-out", "not-enough-stock"}
COME_AGAIN: Final = {
    name for name, each in catalogue().items() if each.retry is Retry.LATER and each is not Internal
}
"""Failures whose pages say to send the same again later. An internal error is nothing that passes."""
_PAUSE: Final = 0.2


class Entry(msgspec.Struct):
    """One order that somebody wants. `unsure`: an answer was lost, so it may be there although nobody said so."""

    door: str
    name: str
    sku: int
    state: State = "open"
    tries: int = 0
    unsure: bool = False
    uid: int | None = None


class Tally(msgspec.Struct, frozen=True):
    """The book in figures. `lost_answers` are tries without an answer, `put_off` answers that said to come again."""

    orders: int = 0
    acknowledged: int = 0
    refused: int = 0
    lost_answers: int = 0
    put_off: int = 0


class Book:
    """What customers were told. A name is brought to its end: sent again until an answer says what became of it."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Entry] = {}
        self.faults: list[str] = []
        self._lost = self._put_off = 0

    async def settle(self, customer: Customer, name: str, patience: float) -> None:
        """Ask until it is known, at most for so many seconds; an entry that stays open is a fault of the server."""
        deadline = time.monotonic() + patience
        while await self.ask(customer, name) == "open" and time.monotonic() < deadline:
            await asyncio.sleep(_PAUSE)

    async def ask(self, customer: Customer, name: str) -> State:
        """Ask once, and note the answer. What was asked for under a name before is asked for again."""
        entry = self.entries.setdefault((customer.door, name), Entry(customer.door, name, customer.pick()))
        entry.tries += 1
        try:
            answer = await customer.send(name, entry.sku)
        except httpx.TransportError:
            entry.unsure = True
            self._lost += 1
            return entry.state
        finally:
            entry.uid = customer.uid(name)
        self._note(customer, entry, answer)
        return entry.state

    def of(self, state: State) -> Iterable[Entry]:
        """The entries that came to this."""
        return (entry for entry in self.entries.values() if entry.state == state)

    @property
    def tally(self) -> Tally:
        """The book in figures."""
        states = [entry.state for entry in self.entries.values()]
        told = (states.count("acknowledged"), states.count("refused"))
        return Tally(len(states), *told, self._lost, self._put_off)

    def _note(self, customer: Customer, entry: Entry, answer: Answer) -> None:
        if answer.good:
            entry.state = "acknowledged"
        elif answer.again or answer.failure in COME_AGAIN:
            entry.unsure = True
            self._put_off += 1
        elif answer.failure in customer.taken and entry.unsure:
            entry.state = "acknowledged"
        elif answer.failure in SOLD_OUT:
            entry.state = "refused"
        elif answer.status != 401:  # a token that has run out is taken anew
            entry.state = "refused"
            said = answer.body[:300].decode("utf-8", "replace")
            self.faults.append(f"{entry.door} {entry.name}: {answer.status} {answer.failure} {said}")
