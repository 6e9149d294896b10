"""Amending, deleting, and cancelling as a whole: what changes, what is refused, and which names are taken."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from entrepot.domain.channels.accounts import Channel, ChannelSettings, Reference
from entrepot.domain.kernel.commands import Decided, Refused
from entrepot.domain.kernel.records import Record
from entrepot.domain.orders.access import Asker, may_see
from entrepot.domain.orders.amend import Amended, AmendOrder, SecondName
from entrepot.domain.orders.cancel import Cancelled, CancelOrder
from entrepot.domain.orders.delete import Deleted, DeleteOrder
from entrepot.domain.orders.records import ALSO_KNOWN_AS, SOLD_AS, Order, OrderEvent, Person
from entrepot.failures import Failure
from entrepot.failures.orders import (
    DuplicateExternalOrder,
    OrderSettled,
    OrderUnfinished,
    OrderUnknown,
    UnitsSent,
)
from tests.support.deciding import decide
from tests.support.shop import AT, CHANNEL, TEA, line, order_records

ME = Asker(CHANNEL, "live")
ACCOUNT = Channel(CHANNEL, "datamingle", "main", ChannelSettings(), ("api",))


def order(units: dict[str, int] | None = None, **changes: Any) -> list[Record]:
    """Order 7 of three units, and the account that has it."""
    counted = {"new": 3, **(units or {})}
    own = msgspec.structs.replace(line(7, 1, TEA, 3), **counted)
    records = order_records(7, [own])
    known = {"external_id": "O-7", "data": {"second": "E-7", "kept": 1}, **changes}
    changed = [msgspec.structs.replace(r, **known) if isinstance(r, Order) else r for r in records]
    return [ACCOUNT, *changed, Reference(CHANNEL, "live", ALSO_KNOWN_AS, "E-7", 7)]


def amend(**changes: Any) -> AmendOrder:
    return AmendOrder(order=7, asks=ME, channel=CHANNEL, **changes)


def refusal(command: Any, *records: Record) -> Failure:
    decision = decide(command, *records)
    assert isinstance(decision, Refused), decision
    return decision.failures[0]


def done(command: Any, *records: Record) -> Decided:
    decision = decide(command, *records)
    assert isinstance(decision, Decided), decision
    return decision


def references(decided: Decided) -> dict[str, int | None]:
    """The names that change: whose they become, None for one that is free."""
    changed = {key: record for (kind, key), record in decided.changes.items() if kind is Reference}
    return {
        key[3]: record.target if isinstance(record, Reference) else None  # pyright: ignore
        for key, record in changed.items()
    }


def test_only_what_is_given_changes() -> None:
    decided = done(amend(note="n", data={"new": 2}), *order(note="old"))
    assert isinstance(decided.result, Amended)
    after = decided.result.order
    assert (after.note, after.data) == ("n", {"second": "E-7", "kept": 1, "new": 2})
    assert [event.kind for event in decided.changes.records(OrderEvent)] == ["amended"]
    assert references(decided) == {}
    person = done(amend(called="Ann"), *order(note="old")).result
    assert isinstance(person, Amended)
    assert (person.order.person.first_name, person.order.note) == ("Ann", "old")


def test_what_changes_nothing_leaves_no_trace() -> None:
    decided = done(amend(name=SecondName("second", "E-7"), data={"kept": 1}), *order())
    assert list(decided.changes.items()) == []


@pytest.mark.parametrize(("value", "names"), [("E-8", {"E-7": None, "E-8": 7}), (None, {"E-7": None})])
def test_second_name_is_exchanged(value: str | None, names: dict[str, int | None]) -> None:
    decided = done(amend(name=SecondName("second", value)), *order())
    assert references(decided) == names
    assert isinstance(decided.result, Amended)
    assert decided.result.order.data["second"] == value


def test_names_of_others_are_theirs() -> None:
    taken = Reference(CHANNEL, "live", ALSO_KNOWN_AS, "E-8", 8)
    command = amend(name=SecondName("second", "E-8"))
    assert refusal(command, *order(), taken) == DuplicateExternalOrder("E-8", ALSO_KNOWN_AS)
    elsewhere = Reference(CHANNEL, "test", ALSO_KNOWN_AS, "E-8", 8)
    number = Reference(CHANNEL, "live", SOLD_AS, "E-8", 8)
    assert references(done(command, *order(), elsewhere, number)) == {"E-7": None, "E-8": 7}


@pytest.mark.parametrize(
    ("units", "state", "told"),
    [
        ({"new": 0, "shipped": 3}, "placed", "shipped"),
        ({"new": 0, "delivered": 1, "cancelled": 2}, "placed", "shipped"),
        ({}, "cancelled", "cancelled"),
    ],
)
def test_settled_order_is_amended_no_more(units: dict[str, int], state: str, told: str) -> None:
    assert refusal(amend(note="n"), *order(units, state=state)) == OrderSettled("O-7", told)
    done(amend(note="n"), *order({"new": 1, "shipped": 2}))


def test_deleted_order_is_there_for_nobody_who_asks() -> None:
    gone = order(deleted_at=AT)
    assert refusal(amend(note="n"), *gone) == OrderUnknown("7")
    (found,) = [each for each in gone if isinstance(each, Order)]
    assert not may_see(ME, ChannelSettings(sees="workspace"), found)
    done(CancelOrder(7), *gone)  # the operator sees it


@pytest.mark.parametrize(
    ("units", "changes"),
    [({}, {}), ({"new": 1, "shipped": 2}, {}), ({}, {"state": "pending"})],
)
def test_order_that_somebody_waits_for_is_not_deleted(units: dict[str, int], changes: dict[str, Any]) -> None:
    assert refusal(DeleteOrder(order=7), *order(units, **changes)) == OrderUnfinished("7")


def test_order_is_deleted_once() -> None:
    decided = done(DeleteOrder(order=7), *order({"new": 0, "shipped": 3}))
    assert isinstance(decided.result, Deleted)
    assert decided.result.order.deleted_at == AT
    assert references(decided) == {}, "its names stay taken"
    again = done(DeleteOrder(order=7), *order({"new": 0, "shipped": 3}, deleted_at=AT))
    assert list(again.changes.items()) == []
    assert refusal(DeleteOrder(order=8)) == OrderUnknown("8")


def test_order_is_cancelled_as_a_whole_or_not_at_all() -> None:
    whole = CancelOrder(7, whole=True)
    assert refusal(whole, *order({"new": 2, "shipped": 1})) == UnitsSent("7")
    done(CancelOrder(7), *order({"new": 2, "shipped": 1}))
    ended = done(whole, *order({"new": 0, "cancelled": 3}, state="cancelled"))
    assert isinstance(ended.result, Cancelled)
    assert (ended.result.lines, list(ended.changes.items())) == ((), [])
    decided = done(whole, *order(), Reference(CHANNEL, "live", SOLD_AS, "O-7", 7))
    assert isinstance(decided.result, Cancelled)
    assert decided.result.order.state == "cancelled"
    assert references(decided) == {}, "an order that was sold elsewhere keeps its names"


@pytest.mark.parametrize(
    ("called", "person"),
    [
        ("Grace Hopper", Person("ada@example.com", "Grace Hopper")),
        ("", Person("ada@example.com")),
        ("Ada Lovelace", Person("ada@example.com", "Ada", "Lovelace")),  # as it is told, so nothing changes
        (msgspec.UNSET, Person("ada@example.com", "Ada", "Lovelace")),
    ],
)
def test_whoever_is_called_otherwise_is_still_reached_by_the_same_mail(called: Any, person: Person) -> None:
    known = order(person=Person("ada@example.com", "Ada", "Lovelace"))
    changed = done(amend(called=called, note="n"), *known).result
    assert isinstance(changed, Amended)
    assert changed.order.person == person
