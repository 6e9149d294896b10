"""What a view holds: records as they stand now, found by key and by parent, and what has changed of them."""

from __future__ import annotations

import pytest

from entrepot.domain.carts.records import CartLine
from entrepot.domain.channels.accounts import Reference
from entrepot.domain.kernel.records import Changes, View


def _line(no: int, quantity: int = 1, cart: int = 1) -> CartLine:
    return CartLine(cart, no, "shirt", "", quantity)


def test_changes_are_seen_before_they_are_made_and_leave_no_trace() -> None:
    view, changes = View(), Changes((_line(2, 5), _line(4)))
    for line in (_line(1), _line(2), _line(3), _line(1, cart=2)):
        view.load(line)
    changes.remove(_line(1))
    seen = view.seeing(changes)
    ahead = [seen.children(CartLine, cart) for cart in (1, 2)]
    got = [seen.get(CartLine, (1, no)) for no in range(1, 5)]
    assert [line.no for line in view.children(CartLine, 1)] == [1, 2, 3]
    assert seen.fresh(CartLine, (1, 4))
    assert not seen.fresh(CartLine, (1, 2))
    view.apply(changes)
    assert ahead == [view.children(CartLine, cart) for cart in (1, 2)]
    assert got == [view.get(CartLine, (1, no)) for no in range(1, 5)]
    assert [line.quantity for line in ahead[0]] == [5, 1, 1]


@pytest.mark.parametrize("looked_before", [True, False])
def test_a_record_stands_under_the_parent_that_it_has_now_and_nowhere_once_it_is_gone(
    looked_before: bool,
) -> None:
    view, moved, gone = View(), _name("A", 2), _name("B", 1)
    view.load(_name("A", 1))
    view.load(gone)
    if looked_before:
        assert view.children(Reference, 1) == [_name("A", 1), gone]
    changes = Changes([moved])
    changes.remove(gone)
    view.apply(changes)
    assert [view.children(Reference, order) for order in (1, 2)] == [[], [moved]]
    assert (view.get(Reference, moved.key), view.get(Reference, gone.key)) == (moved, None)


def test_what_changed_is_told_by_kind_with_what_stood_before_and_what_came_to_nothing_is_not() -> None:
    view = View()
    for line in (_line(1), _line(2), _line(3)):
        view.load(line)
    changes = Changes([_line(1, 5), _line(4), _line(5)])
    changes.remove(_line(2))
    view.apply(changes)
    undone = Changes()
    undone.remove(_line(5))
    view.apply(undone)
    assert list(view.changed(CartLine)) == [
        ((1, 1), _line(1, 5), _line(1)),
        ((1, 2), None, _line(2)),
        ((1, 4), _line(4), None),
    ]
    assert list(view.made(CartLine)) == [_line(4)]
    assert list(view.changed(Reference)) == []


def _name(value: str, order: int) -> Reference:
    return Reference(1, "live", "external-order", value, order)
