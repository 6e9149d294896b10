"""Which sums an upload counts for, in which order, and by how much."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from entrepot.domain.catalogue.selection import Chosen, NewFile
from entrepot.domain.channels.guessing import Allowance, CountTry, Tries
from entrepot.domain.kernel.commands import Decided, Refused, refused
from entrepot.domain.kernel.records import View
from entrepot.doors.textalk.caller.context import BuyerSession, Context
from entrepot.doors.textalk.orders.quotas import DAY, OF_ADDRESS, OF_SESSION, OF_SHOP, over_quota
from entrepot.engine.batches.batch import BatchIds
from entrepot.failures import Overloaded
from entrepot.failures.access import TooManyTries
from tests.doors.textalk.shop import ADMIN, ANYBODY

BUYER = msgspec.structs.replace(ANYBODY, session=BuyerSession(5, None), address="2001:db8::1")
FILES: dict[int, Chosen] = {1: NewFile("a", "b", b"x" * 1_001), 2: NewFile("c", "d", b"x"), 3: "no file"}


WAIT = TooManyTries(60)


class Counting:
    """An engine that counts, or refuses."""

    def __init__(self, failure: Any = None) -> None:
        self.commands: list[CountTry] = []
        self.failure = failure

    async def execute(self, _workspace: int, command: CountTry) -> object:
        self.commands.append(command)
        return None if self.failure is None else refused(self.failure)


async def counted(context: Context, answers: dict[int, Chosen] = FILES) -> tuple[Allowance, ...]:
    engine = Counting()
    assert await over_quota(cast("Any", engine), context, answers) is None
    assert [command.amount for command in engine.commands] in ([], [3]), "begun kilobytes"
    return tuple(each for command in engine.commands for each in command.allowances)


async def test_a_file_counts_for_its_session_its_address_and_its_shop() -> None:
    assert [each.most for each in await counted(BUYER)] == [OF_SESSION, OF_ADDRESS, OF_SHOP]


async def test_what_is_no_file_counts_for_nothing() -> None:
    assert await counted(BUYER, {3: "no file"}) == ()


async def test_an_administrators_files_count_for_the_shop_alone() -> None:
    assert [each.most for each in await counted(ADMIN)] == [OF_SHOP]


async def test_sessions_are_apart_and_addresses_of_one_network_are_not() -> None:
    other = msgspec.structs.replace(BUYER, session=BuyerSession(6, None), address="2001:db8::2")
    (session, address, shop), (session2, address2, shop2) = [
        [each.subject for each in await counted(context)] for context in (BUYER, other)
    ]
    assert session != session2
    assert (address, shop) == (address2, shop2)
    assert len({session, address, shop}) == 3


async def test_too_much_is_a_file_that_is_not_attached_and_another_failure_is_told_as_it_is() -> None:
    over = await over_quota(cast("Any", Counting(WAIT)), BUYER, FILES)
    assert over is not None
    assert (over.code, over.failure) == (2070, WAIT)
    over = await over_quota(cast("Any", Counting(Overloaded(1))), BUYER, FILES)
    assert over is not None
    assert over.failure == Overloaded(1)


def test_whoever_is_over_one_sum_uses_up_nothing_of_the_others() -> None:
    now, view = datetime(2026, 1, 1, tzinfo=UTC), View(1)
    small, large = Allowance(b"small", 10, DAY), Allowance(b"large", 100, DAY)
    for amount, expected in ((10, {b"small": 10, b"large": 10}), (1, None)):
        decision = CountTry(allowances=(small, large), amount=amount).decide(view, now, BatchIds(0, 0))
        if expected is None:
            assert isinstance(decision, Refused)
            assert decision.failures == (TooManyTries(86_400),)
        else:
            assert isinstance(decision, Decided)
            view.apply(decision.changes)
            assert {key: cast("Any", view.get(Tries, key)).count for key in expected} == expected
