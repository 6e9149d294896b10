"""Choices, options and groups: by whom they are changed, what of them stays, and that groups form a tree."""

from __future__ import annotations

from typing import Any

import pytest

from entrepot.domain.catalogue.options import Choice, ChoiceOption, ProductGroup
from entrepot.domain.catalogue.shop_rows import (
    DeleteChoice,
    DeleteChoiceOption,
    DeleteGroup,
    DeleteRow,
    SaveChoice,
    SaveChoiceOption,
    SaveGroup,
    SaveRow,
)
from entrepot.domain.channels.accounts import Channel, ChannelSettings
from entrepot.domain.kernel.commands import Command, Decided, Refused
from entrepot.domain.kernel.records import Record
from entrepot.failures import Failure
from entrepot.failures.rows import BelowItself, CatalogueClosed, RowUnknown
from tests.support.deciding import decide
from tests.support.shop import AT, CHANNEL

OPEN = Channel(CHANNEL, "any", "main", ChannelSettings(may_edit_catalogue=True))
CLOSED = Channel(CHANNEL, "any", "main", ChannelSettings(may_set_stock=True))
PAIRS: list[tuple[type[SaveRow], type[DeleteRow], dict[str, Any]]] = [
    (SaveChoice, DeleteChoice, {"name": {"en": "Size"}}),
    (SaveChoiceOption, DeleteChoiceOption, {"choice": 1, "name": {"en": "S"}}),
    (SaveGroup, DeleteGroup, {"name": {"en": "Shirts"}}),
]


def group(number: int, parent: int | None = None) -> ProductGroup:
    return ProductGroup(number, parent, 0, False, {}, {}, {}, AT, AT)


def result(command: Command, *records: Record) -> Any:
    decision = decide(command, OPEN, *records)
    assert isinstance(decision, Decided), decision
    return decision.result


def failure(command: Command, *records: Record) -> Failure:
    decision = decide(command, *records)
    assert isinstance(decision, Refused)
    return decision.failures[0]


@pytest.mark.parametrize(("save", "delete", "changes"), PAIRS)
def test_one_is_made_changed_and_deleted(
    save: type[SaveRow], delete: type[DeleteRow], changes: dict[str, Any]
) -> None:
    new = result(save(channel=CHANNEL, changes=changes))
    assert new.name == changes["name"]
    changed = result(save(channel=CHANNEL, id=new.id, changes={"name": {"sv": "N"}, "data": {"a": 1}}), new)
    assert (changed.id, changed.name, changed.data) == (new.id, {**changes["name"], "sv": "N"}, {"a": 1})
    decision = decide(delete(channel=CHANNEL, id=new.id), OPEN, new)
    assert isinstance(decision, Decided)
    assert [after for _, after in decision.changes.items()] == [None]
    for command in (save(channel=CHANNEL, id=99, changes=changes), delete(channel=CHANNEL, id=99)):
        assert isinstance(failure(command, OPEN, new), RowUnknown)


@pytest.mark.parametrize(("save", "delete", "changes"), PAIRS)
def test_who_may_not_edit_the_catalogue_changes_and_learns_nothing(
    save: type[SaveRow], delete: type[DeleteRow], changes: dict[str, Any]
) -> None:
    for command in (
        save(channel=CHANNEL, changes=changes),
        save(channel=CHANNEL, id=99, changes=changes),
        delete(channel=CHANNEL, id=99),
    ):
        assert failure(command, CLOSED) == CatalogueClosed()
        assert failure(command) == CatalogueClosed(), "a channel that is gone"
    assert isinstance(decide(save(channel=None, changes=changes)), Decided), "the operator"


def test_what_is_not_given_of_a_new_choice_is_harmless() -> None:
    choice = result(SaveChoice(channel=CHANNEL))
    assert isinstance(choice, Choice)
    assert (choice.kind, choice.mandatory, choice.maximum, choice.created_at) == ("string", False, None, AT)
    option = result(SaveChoiceOption(channel=CHANNEL, changes={"choice": 1}))
    assert isinstance(option, ChoiceOption)
    assert option.prices == {}


@pytest.mark.parametrize(("moved", "parent"), [(1, 1), (1, 2), (1, 3)])
def test_a_group_does_not_stand_below_itself(moved: int, parent: int) -> None:
    tree = (group(1), group(2, 1), group(3, 2), group(4))
    command = SaveGroup(channel=CHANNEL, id=moved, changes={"parent_group": parent})
    assert failure(command, OPEN, *tree) == BelowItself()
    assert result(SaveGroup(channel=CHANNEL, id=1, changes={"parent_group": 4}), *tree).parent_group == 4
    assert (
        result(SaveGroup(channel=CHANNEL, id=3, changes={"parent_group": None}), *tree).parent_group is None
    )
