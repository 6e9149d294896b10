"""The rules of carts by themselves."""

from collections import Counter
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.carts.partner_carts import (
    AddToCart,
    CartContents,
    CartItem,
    CartOwner,
    CreateCart,
    DeleteCart,
    RemoveFromCart,
    SetCartLines,
    combined,
)
from entrepot.domain.carts.records import LIFETIME, MAX_LINES, Cart, CartLine
from entrepot.domain.kernel.commands import Decided, Decision, Refused
from entrepot.failures.carts import CartFull, CartUnknown
from tests.support.deciding import decide
from tests.support.shop import AT

OWNER = CartOwner(5, "live")
CART = Cart(7, UUID(int=7), 5, "live", AT, AT, AT + LIFETIME, {})
TEA = CartLine(7, 1, "tea", "1", 2)
ADD = AddToCart(OWNER, 7, "c7", CartItem("tea", "1", 1))

items = st.builds(CartItem, st.sampled_from("ab"), st.sampled_from("12"), st.integers(1, 5))


def contents(decision: Decision) -> CartContents:
    assert isinstance(decision, Decided)
    assert isinstance(decision.result, CartContents)
    return decision.result


def test_a_new_cart_has_its_owner_and_a_life() -> None:
    made = contents(decide(CreateCart(OWNER, (CartItem("tea", "1", 2),), {"k": 1})))
    assert (made.cart.channel, made.cart.environment, made.cart.data) == (5, "live", {"k": 1})
    assert made.cart.expires_at == AT + LIFETIME
    assert [(line.cart, line.no, line.quantity) for line in made.lines] == [(made.cart.id, 1, 2)]


def test_a_cart_is_only_there_for_its_owner_and_until_it_ends() -> None:
    unknown = Refused((CartUnknown("c7"),))
    assert isinstance(decide(ADD, CART, TEA), Decided)
    assert decide(ADD) == unknown
    for change in ({"channel": 6}, {"environment": "test"}, {"expires_at": AT}):
        assert decide(ADD, msgspec.structs.replace(CART, **change), TEA) == unknown


def test_an_edit_writes_only_what_it_changes() -> None:
    rice = CartLine(7, 2, "rice", "1", 1)
    added = decide(ADD, CART, TEA, rice)
    assert isinstance(added, Decided)
    assert added.changes.records(CartLine) == [msgspec.structs.replace(TEA, quantity=3)]
    removed = decide(RemoveFromCart(OWNER, 7, "c7", CartItem("rice", "1", 1)), CART, TEA, rice)
    assert isinstance(removed, Decided)
    assert [(name, new) for name, new in removed.changes.items() if name[0] is CartLine] == [
        ((CartLine, (7, 2)), None)
    ]


def test_deleting_takes_cart_and_lines() -> None:
    deleted = decide(DeleteCart(OWNER, 7, "c7"), CART, TEA)
    assert isinstance(deleted, Decided)
    assert dict(deleted.changes.items()) == {(Cart, 7): None, (CartLine, (7, 1)): None}


def test_too_many_items_change_nothing() -> None:
    many = tuple(CartItem("p", str(no), 1) for no in range(MAX_LINES + 1))
    assert decide(SetCartLines(OWNER, 7, "c7", many), CART, TEA) == Refused((CartFull(MAX_LINES),))


@given(st.lists(items), st.lists(items))
def test_quantities_add_up_and_an_item_has_one_line(first: list[CartItem], then: list[CartItem]) -> None:
    lines = combined(7, (), first)
    assert isinstance(lines, tuple)
    lines = combined(7, lines, then)
    assert isinstance(lines, tuple)
    wanted = Counter[tuple[str, str]]()
    for item in (*first, *then):
        wanted[item.product, item.variant] += item.quantity
    assert {line.item: line.quantity for line in lines} == wanted
    assert [line.no for line in lines] == list(range(1, len(lines) + 1))
    assert [line.item for line in lines] == list(wanted)


@given(st.lists(items, min_size=1), items)
def test_removing_never_leaves_an_empty_line(first: list[CartItem], gone: CartItem) -> None:
    lines = combined(7, (), first)
    assert isinstance(lines, tuple)
    after = contents(decide(RemoveFromCart(OWNER, 7, "c7", gone), CART, *lines)).lines
    left = {line.item: line.quantity for line in lines}
    if (name := (gone.product, gone.variant)) in left:
        left[name] -= gone.quantity
    assert {line.item: line.quantity for line in after} == {k: v for k, v in left.items() if v > 0}
