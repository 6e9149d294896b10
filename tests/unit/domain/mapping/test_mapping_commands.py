"""Versions of mappings: saving makes one, and the head says which one counts."""

from __future__ import annotations

from typing import Any

import pytest

from entrepot.domain.kernel.commands import Decided, Refused
from entrepot.domain.kernel.records import Record
from entrepot.domain.mapping.commands import ActivateMapping, MappingMoved, RollBackMapping, SaveMapping
from entrepot.domain.mapping.definition import Definition, Rule
from entrepot.domain.mapping.records import MappingHead, MappingVersion
from entrepot.failures.partners import MappingFlawed, MappingUnknown
from tests.support.deciding import decide
from tests.support.shop import AT, CHANNEL
from tests.unit.domain.mapping.test_mapping import ORDERS

MAPPING = Definition((Rule("po", "order_number"),))
OF: dict[str, Any] = {"channel": CHANNEL, "resource": "orders"}


def save(definition: Definition = MAPPING, **more: Any) -> SaveMapping:
    return SaveMapping(channel=CHANNEL, resource="orders", definition=definition, of=ORDERS, **more)


def head(active: int | None, latest: int) -> MappingHead:
    return MappingHead(CHANNEL, "orders", active, latest)


def version(number: int) -> MappingVersion:
    return MappingVersion(CHANNEL, "orders", number, MAPPING, AT)


def moved(command: Any, *records: Record) -> tuple[MappingMoved, list[Record]]:
    decision = decide(command, *records)
    assert isinstance(decision, Decided), decision
    assert isinstance(decision.result, MappingMoved)
    return decision.result, [record for _, record in decision.changes.items() if record is not None]


def test_saving_makes_a_version_and_uses_it() -> None:
    assert moved(save()) == (MappingMoved(head(1, 1), None), [head(1, 1), version(1)])
    assert moved(save(), head(1, 3)) == (MappingMoved(head(4, 4), 1), [head(4, 4), version(4)])
    assert moved(save(activate=False), head(1, 3))[0] == MappingMoved(head(1, 4), 1)


def test_flawed_mapping_is_refused() -> None:
    decision = decide(save(Definition((Rule("a..b", "nothing"),))))
    assert isinstance(decision, Refused)
    assert decision.failures == (
        MappingFlawed(
            ("a..b -> nothing: the source is no path", "a..b -> nothing: 'nothing' is no field of orders")
        ),
    )


def test_versions_are_activated_and_rolled_back() -> None:
    assert moved(ActivateMapping(**OF, version=2), head(3, 3), version(2)) == (
        MappingMoved(head(2, 3), 3),
        [head(2, 3)],
    )
    assert moved(ActivateMapping(**OF, version=None), head(3, 3))[0] == MappingMoved(head(None, 3), 3)
    assert moved(ActivateMapping(**OF, version=3), head(3, 3), version(3)) == (
        MappingMoved(head(3, 3), 3),
        [],
    )
    assert moved(RollBackMapping(**OF), head(3, 3)) == (MappingMoved(head(2, 3), 3), [head(2, 3)])


@pytest.mark.parametrize(
    ("command", "records"),
    [
        (ActivateMapping(**OF, version=9), (head(3, 3), version(3))),
        (ActivateMapping(**OF, version=1), ()),
        (RollBackMapping(**OF), (head(1, 1),)),
        (RollBackMapping(**OF), (head(None, 3),)),
        (RollBackMapping(**OF), ()),
    ],
)
def test_versions_that_there_are_not(command: Any, records: tuple[Record, ...]) -> None:
    decision = decide(command, *records)
    assert isinstance(decision, Refused)
    assert isinstance(decision.failures[0], MappingUnknown)
