"""Faults heal by count and by time, keep to their scope, and let go of who waits for them."""

import asyncio

import pytest

from entrepot.sandbox.faults import FaultOrder, Faults, Scope, TooManyFaultsError
from entrepot.sandbox.register import MOST_FAULTS

TARGET = "cards.confirm"


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def strikes(faults: Faults, times: int, **scope: object) -> int:
    return sum(faults.strike(TARGET, **scope) is not None for _ in range(times))  # type: ignore[arg-type]


def test_without_limits_it_strikes_once() -> None:
    faults = Faults()
    fault = faults.add(FaultOrder(TARGET, "error"))
    assert strikes(faults, 3) == 1
    assert (fault.hits, fault.hits_left, fault.active(0)) == (1, 0, False)


def test_it_heals_after_its_count() -> None:
    faults = Faults()
    faults.add(FaultOrder(TARGET, "error", count=3))
    assert strikes(faults, 5) == 3


def test_it_heals_after_its_time() -> None:
    faults = Faults(time := Time())
    faults.add(FaultOrder(TARGET, "error", lasts=10))
    time.now += 9.9
    assert strikes(faults, 5) == 5
    time.now += 0.1
    assert strikes(faults, 1) == 0


def test_the_first_of_two_limits_counts() -> None:
    faults = Faults(time := Time())
    faults.add(FaultOrder(TARGET, "error", count=2, lasts=10))
    faults.add(FaultOrder(TARGET, "error", count=2, lasts=5))
    assert strikes(faults, 3) == 3
    time.now += 5
    assert strikes(faults, 1) == 0


def test_other_targets_and_kinds_go_through() -> None:
    faults = Faults()
    faults.add(FaultOrder(TARGET, "error", count=9))
    assert faults.strike("cards.capture") is None
    assert faults.strike(TARGET, kinds=("slow", "drop")) is None
    assert faults.strike(TARGET, kinds=("error",)) is not None


def test_it_keeps_to_its_workspace_and_channels() -> None:
    faults = Faults()
    faults.add(FaultOrder(TARGET, "error", count=9), Scope(7, frozenset({1, 2})))
    assert strikes(faults, 1, workspace=7, channels=[2]) == 1
    assert strikes(faults, 1, workspace=7, channels=[3]) == 0
    assert strikes(faults, 1, workspace=8, channels=[2]) == 0
    assert strikes(faults, 1) == 0


async def test_who_waits_goes_on_when_it_is_lifted() -> None:
    faults = Faults()
    fault = faults.add(FaultOrder(TARGET, "slow", delay=3600))
    waiting = asyncio.create_task(fault.wait(3600))
    await asyncio.sleep(0)
    faults.clear()
    await asyncio.wait_for(waiting, 60)
    assert faults.all() == []


async def test_a_wait_ends_by_itself() -> None:
    fault = Faults().add(FaultOrder(TARGET, "slow", delay=0.02))
    start = asyncio.get_running_loop().time()
    await fault.wait(0.02)
    assert asyncio.get_running_loop().time() - start >= 0.019


def test_healed_faults_make_room_and_active_ones_do_not() -> None:
    faults = Faults()
    first = faults.add(FaultOrder(TARGET, "error"))
    for _ in range(MOST_FAULTS - 1):
        faults.add(FaultOrder("taxes.quote", "error"))
    with pytest.raises(TooManyFaultsError):
        faults.add(FaultOrder(TARGET, "error"))
    assert faults.strike(TARGET) is first
    faults.add(FaultOrder(TARGET, "error"))
    assert first not in faults.all()
    assert len(faults.all()) == MOST_FAULTS


def test_a_fault_lets_calls_through_before_it_strikes() -> None:
    faults = Faults()
    late = faults.add(FaultOrder(TARGET, "error", skip=2))
    assert [faults.strike(TARGET) for _ in range(2)] == [None, None]
    early = faults.add(FaultOrder(TARGET, "refuse"))
    assert [faults.strike(TARGET), faults.strike(TARGET), faults.strike(TARGET)] == [late, early, None]
