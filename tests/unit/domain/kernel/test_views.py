"""A view with changes laid over it is what the view is once they are made."""

from __future__ import annotations

from entrepot.domain.carts.records import CartLine
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
