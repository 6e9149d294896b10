"""Which sums an upload counts for, in which order, and by how much."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from entrepot.domain.catalogue.selection import Chosen, NewFile
from entrepot.domain.channels.guessing import CountTry, Tries
from entrepot.domain.kernel.commands import Decided, Refused, refused
from entrepot.doors.textalk.caller.context import BuyerSession, Context
from entrepot.doors.textalk.orders.quotas import OF_ADDRESS, OF_SESSION, OF_SHOP, over_quota
from entrepot.failures import Overloaded
from entrepot.failures.access import TooManyTries
from tests.doors.textalk.shop import ADMIN, ANYBODY
from tests.support.deciding import decide

BUYER = msgspec.structs.replace(ANYBODY, session=BuyerSession(5, None), address="2001:db8::1")
FILES: dict[int, Chosen] = {1: NewFile("a", "b", b"x" * 1_001), 2: NewFile("c", "d", b"x"), 3: "no file"}


class Counting:
    """An engine that counts, or refuses."""

    def __init__(self, failure: Any = None) -> None:
        self.commands: list[CountTry] = []
        self.failure = failure

    async def execute(self, _workspace: int, command: CountTry) -> object:
        self.commands.append(command)
        return refused(self.failure) if self.failure else None


async def counted(context: Context, answers: dict[int, Chosen] = FILES) -> list[CountTry]:
    engine = Counting()
    assert await over_quota(cast("Any", engine), context, answers) is None
    return engine.commands


async def subjects(context: Context) -> list[bytes]:
    (command,) = await counted(context)
    return [each.subject for each in command.allowances]


async def test_a_file_counts_for_its_session_its_address_and_its_shop() -> None:
    (command,) = await counted(BUYER)
    assert [each.most for each in command.allowances] == [OF_SESSION, OF_ADDRESS, OF_SHOP]
    assert command.amount == 3, "begun kilobytes"


async def test_what_is_no_file_counts_for_nothing() -> None:
    assert await counted(BUYER, {3: "no file"}) == []


async def test_an_administrators_files_count_for_the_shop_alone() -> None:
    (command,) = await counted(ADMIN)
    assert [each.most for each in command.allowances] == [OF_SHOP]


async def test_sessions_are_apart_and_addresses_of_one_network_are_not() -> None:
    other = msgspec.structs.replace(BUYER, session=BuyerSession(6, None), address="2001:db8::2")
    (session, address, shop), (session2, address2, shop2) = [await subjects(each) for each in (BUYER, other)]
    assert session != session2
    assert (address, shop) == (address2, shop2)
    assert len({session, address, shop}) == 3


@pytest.mark.parametrize("narrow", [0, 1, 2])
async def test_whoever_is_over_one_limit_uses_up_nothing_of_the_others(narrow: int) -> None:
    (command,) = await counted(BUYER)
    allowances = [*command.allowances]
    allowances[narrow] = msgspec.structs.replace(allowances[narrow], most=5)
    upload = msgspec.structs.replace(command, allowances=tuple(allowances))
    first = decide(upload)
    assert isinstance(first, Decided)
    again = decide(upload, *first.changes.records(Tries))
    assert isinstance(again, Refused), "three and three are more than five"
    assert isinstance(again.failures[0], TooManyTries)


async def test_over_the_quota_the_file_cannot_be_attached_and_the_wait_is_told() -> None:
    over = await over_quota(cast("Any", Counting(TooManyTries(60))), BUYER, FILES)
    assert over is not None
    assert (over.code, over.failure) == (2070, TooManyTries(60))


async def test_another_failure_is_told_as_it_is() -> None:
    over = await over_quota(cast("Any", Counting(Overloaded(1))), BUYER, FILES)
    assert over is not None
    assert over.failure == Overloaded(1)
