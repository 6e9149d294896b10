"""How tries are counted: each for itself; all of a target together only make careful; good ones do not count."""

from __future__ import annotations

from datetime import timedelta

import pytest

from entrepot.domain.channels.guessing import Allowance, CountTry, TakeBack, Tries
from entrepot.domain.kernel.commands import Decided, Refused
from entrepot.domain.kernel.records import View
from entrepot.engine.guesses import COUPON, PASSWORD, Guess, network_of
from entrepot.failures.access import TooManyTries
from tests.support.deciding import FixedIds, view_of
from tests.support.shop import AT

QUARTER = timedelta(minutes=15)
PLACES = (Allowance(b"own", 5, QUARTER, careful=2, proven=True), Allowance(b"place", 8, QUARTER))
EVERYWHERE = Allowance(b"everywhere", 100, QUARTER)
TRY = CountTry(allowances=PLACES, watched=EVERYWHERE)
GOOD = TakeBack(allowances=PLACES, watched=EVERYWHERE)


def run(seen: View, command: CountTry | TakeBack, minutes: float = 0) -> int | None:
    """For how many seconds it is refused, if it is."""
    outcome = command.decide(seen, AT + timedelta(minutes=minutes), FixedIds())
    if isinstance(outcome, Decided):
        seen.apply(outcome.changes)
        return None
    assert isinstance(outcome, Refused)
    (failure,) = outcome.failures
    assert isinstance(failure, TooManyTries)
    return failure.retry_after


def counts(seen: View) -> list[int]:
    found = [seen.get(Tries, name) for name in (b"own", b"place", b"everywhere")]
    return [tries.count if tries else 0 for tries in found]


def test_what_is_used_up_refuses_until_its_window_ends_and_what_is_refused_is_not_counted() -> None:
    seen = view_of()
    assert [run(seen, TRY, minute) for minute in range(5)] == [None] * 5
    assert [run(seen, TRY, minute) for minute in (5, 14)] == [600, 60]
    assert counts(seen) == [5, 5, 5]
    assert run(seen, TRY, 15) is None
    assert counts(seen) == [1, 1, 1]


def test_one_waits_for_the_last_window_that_must_end() -> None:
    seen = view_of(Tries(b"own", AT - timedelta(minutes=10), 5), Tries(b"place", AT, 8))
    assert run(seen, TRY) == 900


@pytest.mark.parametrize(("tried", "left"), [(90, 5), (100, 2), (5_000, 2)])
def test_a_target_that_is_tried_from_everywhere_leaves_each_place_less_but_never_nothing(
    tried: int, left: int
) -> None:
    seen = view_of(Tries(b"everywhere", AT, tried))
    assert [run(seen, TRY) for _ in range(left)] == [None] * left
    assert run(seen, TRY) == 900


def test_a_good_try_does_not_count_and_forgets_those_of_what_it_proved() -> None:
    seen = view_of()
    for _ in range(4):
        run(seen, TRY)
    run(seen, GOOD)
    assert counts(seen) == [0, 3, 3]


def test_a_good_try_that_proves_nothing_frees_no_more_than_itself() -> None:
    coupon = Guess(COUPON, "7", "127.0.0.1", "1")
    tried = CountTry(allowances=coupon.allowances, watched=coupon.watched)
    good = TakeBack(allowances=coupon.allowances, watched=coupon.watched)
    seen = view_of()
    for _ in range(9):
        run(seen, tried)
    for _ in range(100):
        assert run(seen, tried) is None
        run(seen, good)
    assert run(seen, tried) is None
    assert run(seen, tried) == 3_600


def test_a_clock_that_was_set_back_shuts_nobody_out() -> None:
    seen = view_of(Tries(b"own", AT + timedelta(days=1), 5))
    assert run(seen, TRY) is None


def test_names_are_counted_apart_and_told_by_nothing() -> None:
    one, other = (Guess(PASSWORD, name, "127.0.0.1") for name in ("ada", "eva"))
    assert one.allowances[0].subject != other.allowances[0].subject
    assert one.allowances[1].subject == other.allowances[1].subject
    assert "ada" not in repr(one)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_who_may_choose_half_an_address_is_one_caller(address: str, network: str) -> None:
    assert network_of(address) == network
