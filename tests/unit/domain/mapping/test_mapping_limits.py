"""What a mapping may cost: the work is counted, and what is beyond it is refused or not told."""

from __future__ import annotations

from typing import Any

import pytest

from entrepot.domain.mapping import explain as explaining
from entrepot.domain.mapping.definition import (
    MOST_FILLED,
    MOST_FILLED_EACH,
    Definition,
    Nested,
    Resource,
    Rule,
    flaws,
)
from entrepot.domain.mapping.explain import MOST_GUESSES, explain
from entrepot.domain.mapping.plan import TOO_LARGE, Plan
from entrepot.domain.mapping.work import MOST_STEPS, Work

ITEM = Resource("items", {"sku_code": "plain", "sku": "free"}, frozenset({"sku_code"}))
ORDERS = Resource(
    "orders", {"order_number": "plain", "metadata": "free", "items": "list"}, frozenset(), {"items": ITEM}
)


def lines(count: int) -> tuple[Nested, ...]:
    """As many rules for each element."""
    return (Nested("Details", "items", tuple(Rule(f"f{no}", f"sku.f{no}") for no in range(count))),)


def test_elements_times_rules_are_bounded() -> None:
    plan = Plan(Definition((), lines(199)), ORDERS)
    assert plan.inward({"Details": [{}] * 100_000}, partial=False) == TOO_LARGE
    most = MOST_STEPS // 200
    assert plan.inward({"Details": [{}] * most}, partial=False) == {"items": [{}] * most}
    assert plan.inward({"Details": [{}] * (most + 1)}, partial=False) == TOO_LARGE


def test_elements_of_few_rules_are_mapped_however_many_there_are() -> None:
    mapped = Plan(Definition((), lines(3)), ORDERS).inward({"Details": [{"f1": 1}] * 100_000}, partial=False)
    assert isinstance(mapped, dict)
    assert len(mapped["items"]) == 100_000


def test_copies_of_what_many_rules_write_into_are_bounded() -> None:
    rules = [Rule("x", f"metadata.a{no}") for no in range(90)]
    rules += [Rule("y", f"metadata.a{no}.z") for no in range(90)]
    plan = Plan(Definition(tuple(rules)), ORDERS)
    assert plan.inward({"x": {"k": [0] * 1_000_000}, "y": 1}, partial=False) == TOO_LARGE
    small = plan.inward({"x": {"k": [0]}, "y": 1}, partial=False)
    assert isinstance(small, dict)
    assert small["metadata"]["a89"] == {"k": [0], "z": 1}


def test_work_is_counted() -> None:
    work = Work(4)
    assert work.copied({"a": [1]}) == {"a": [1]}
    assert not work.is_over
    assert work.copied({"a": [1]}) == {}
    assert work.is_over


@pytest.mark.parametrize(
    ("definition", "refused"),
    [
        (Definition(tuple(Rule(f"a{no}", f"metadata.a{no}[999]") for no in range(10))), False),
        (Definition(tuple(Rule(f"a{no}", f"metadata.a{no}[999]") for no in range(11))), True),
        (Definition(tuple(Rule(f"a{no}[999]", f"metadata.a{no}") for no in range(11))), True),
        (Definition((), (), {"metadata.a" + "[999]" * 11: 1}), True),
        (Definition((), (Nested("D", "items", (Rule(f"x[{MOST_FILLED_EACH}]", "sku_code"),)),)), False),
        (Definition((), (Nested("D", "items", (Rule(f"x[{MOST_FILLED_EACH + 1}]", "sku_code"),)),)), True),
    ],
)
def test_places_in_lists_that_would_fill_much_are_refused_when_saved(
    definition: Definition, refused: bool
) -> None:
    assert bool(flaws(definition, ORDERS)) is refused
    assert MOST_FILLED == 10_000


def test_guesses_are_bounded_in_number_and_length(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def matches(word: str, places: Any, count: int, cutoff: float) -> list[str]:
        asked.append((word, len(places)))
        assert all(len(each) <= explaining.LONGEST_COMPARED for each in places)
        return []

    monkeypatch.setattr(explaining, "get_close_matches", matches)
    rules = tuple(Rule(f"gone{no}", f"metadata.a{no}") for no in range(200))
    payload = {"k" * 100_000: 1, **{f"key{no}": {"inner": no} for no in range(20_000)}}
    told = explain(Plan(Definition(rules), ORDERS), payload)
    assert len(told.missing) == 200
    assert len(asked) == 2 * MOST_GUESSES
    assert {places for word, places in asked if word.startswith("gone0")} <= {explaining.MOST_COMPARED, 1}
    assert all(len(each) <= explaining.LONGEST_TOLD for each in told.dropped)
    assert len(told.dropped) == explaining.MOST_PLACES


def test_what_is_told_of_many_elements_is_bounded() -> None:
    told = explain(Plan(Definition((), lines(3)), ORDERS), {"Details": [{"f0": 1, "g": 2}] * 50_000})
    assert len(told.origins) == explaining.MOST_PLACES
    # What is dropped and what only was not looked at are not told apart then.
    assert told.dropped == ()
