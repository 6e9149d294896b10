"""Refunds: whatever is asked for in whatever order, no more is given back than was paid, and every cent adds up."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.kernel.commands import Command, Decided, Refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.orders.access import Asker
from entrepot.domain.orders.cancel import Cancelled, CancelOrder
from entrepot.domain.orders.line_counts import Units
from entrepot.domain.orders.payments import Payment, Refund, RefundedLine
from entrepot.domain.orders.records import InvoiceLine, Order, OrderLine, OrderPart, PartPayout
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.domain.payments.refund import EndRefund, Refunding, RefundOrder
from entrepot.domain.pricing.gift_certificates import Certificate, CertificateUse
from entrepot.failures.orders import OrderUnknown
from entrepot.failures.payments import NothingToRefund, PaymentUnknown, RefundTooLarge, UnitsNotRefundable
from tests.support.boutique import certificate
from tests.support.deciding import FixedIds, view_of
from tests.support.shop import AT, RICE, TEA, line, order_records

ORDER, GIFT = 7, 700
IDS = FixedIds()
LATER = AT + timedelta(hours=1)
UNTIL = datetime(2026, 3, 2, tzinfo=UTC)
LINES = (line(ORDER, 1, TEA, 3, price=333), line(ORDER, 2, RICE, 7, price=99), line(ORDER, 3, TEA, 1, part=2))


def paid(kind: str = "card") -> View:
    return view_of(*order_records(ORDER, LINES, parts=2, kind=kind))


def decide(view: View, command: Command) -> object:
    decision = command.decide(view, LATER, IDS)
    if isinstance(decision, Refused):
        return decision.failures[0]
    assert isinstance(decision, Decided)
    view.apply(decision.changes)
    return decision.result


def refund(view: View, amount: int | None = None, **units: int) -> object:
    lines = tuple(RefundedLine(int(no[1:]), quantity) for no, quantity in units.items())
    return decide(view, RefundOrder(ORDER, "Customer Returned", UNTIL, UNTIL, lines, amount))


def opened(view: View, **units: int) -> Refund:
    reserved = refund(view, **units)
    assert isinstance(reserved, Refunding)
    return reserved.refund


def order_of(view: View) -> Order:
    order = view.get(Order, ORDER)
    assert order is not None
    return order


def payment_of(view: View) -> Payment:
    return view.children(Payment, ORDER)[0]


def test_whole_order_is_given_back_by_what_it_was_paid_for() -> None:
    view = paid()
    done = refund(view)
    assert isinstance(done, Refunding)
    order, parts = order_of(view), done.refund.breakdown
    assert done.refund.state == "open"
    assert (parts.goods, parts.goods_tax, parts.duties) == (order.goods, order.goods_tax, order.duties)
    assert (parts.shipping, parts.shipping_tax) == (order.shipping, order.shipping_tax)
    assert order.payment_state == "paid", "nothing has been given back before the provider says so"
    decide(view, EndRefund(done.refund, "done", "re_1"))
    assert order_of(view).payment_state == "refunded"
    assert isinstance(refund(view), NothingToRefund)


def test_units_are_worth_their_goods_tax_and_duties_and_the_last_of_a_part_its_shipping() -> None:
    view = paid()
    first = refund(view, _1=1)
    assert isinstance(first, Refunding)
    assert (first.refund.breakdown.goods, first.refund.breakdown.shipping) == (333, 0)
    last = refund(view, _3=1)
    assert isinstance(last, Refunding)
    assert (last.refund.breakdown.goods, last.refund.breakdown.shipping) == (1_000, 500)


def test_what_cannot_be_given_back_is_refused() -> None:
    view = paid()
    total = order_of(view).total
    assert isinstance(decide(View(), RefundOrder(ORDER, "", UNTIL, UNTIL)), OrderUnknown)
    assert refund(view, total + 1) == RefundTooLarge("7", total + 1, total)
    assert refund(view, 0) == RefundTooLarge("7", 0, total)
    assert refund(view, _1=4) == UnitsNotRefundable("7", 1, 4, 3)
    assert refund(view, _9=1) == UnitsNotRefundable("7", 9, 1, 0)
    refund(view, total - 10)
    assert refund(view, _3=1) == RefundTooLarge("7", 1_000 + 130 + 1 + 500 + 65, 10)


def test_refund_that_was_refused_leaves_nothing_behind() -> None:
    view = paid()
    before = view.children(OrderLine, ORDER)
    decide(view, EndRefund(opened(view, _1=2), "refused"))
    assert view.children(Refund, ORDER) == []
    assert view.children(OrderLine, ORDER) == before
    assert (payment_of(view).refunded, order_of(view).payment_state) == (0, "paid")
    assert isinstance(refund(view), Refunding)


def test_each_payment_is_given_back_as_it_was_paid() -> None:
    """A card and a certificate: what is left of the order shrinks by both."""
    view, total = shared()
    card, gift = view.children(Payment, ORDER)
    assert refund(view, total) == RefundTooLarge("7", total, card.amount)
    back = decide(view, RefundOrder(ORDER, "", UNTIL, UNTIL, payment=gift.id))
    assert isinstance(back, Refunding)
    assert (back.refund.amount, back.refund.state, back.refund.lines) == (500, "done", ())
    assert back.order.payment_state == "partially_refunded"
    certificate = view.get(Certificate, GIFT)
    assert certificate is not None
    assert (certificate.balance, view.get(CertificateUse, (GIFT, ORDER))) == (500, None)
    rest = opened(view)
    assert (rest.amount, len(rest.lines)) == (card.amount, 3)
    assert decide(view, RefundOrder(ORDER, "", UNTIL, UNTIL, payment=gift.id)) == NothingToRefund("7")
    assert decide(view, RefundOrder(ORDER, "", UNTIL, UNTIL, payment=1)) == PaymentUnknown("1")
    assert isinstance(
        decide(view, RefundOrder(ORDER, "", UNTIL, UNTIL, asks=Asker(99, "live"))), OrderUnknown
    )
    decide(view, EndRefund(rest, "done", "re_1"))
    assert order_of(view).payment_state == "refunded"
    sums = [known.breakdown for known in view.children(Refund, ORDER)]
    assert sum(each.goods for each in sums) == order_of(view).goods


def shared() -> tuple[View, int]:
    """The order paid by card but for five, which a certificate paid."""
    records = order_records(ORDER, LINES, parts=2, kind="card")
    card = next(record for record in records if isinstance(record, Payment))
    part = msgspec.structs.replace(card, amount=card.amount - 500)
    gift = msgspec.structs.replace(card, no=2, id=card.id + 1, kind="certificate", amount=500, method_id=GIFT)
    spent = certificate(GIFT, balance=0, original=500), CertificateUse(GIFT, ORDER, 500, AT)
    known = [part if record is card else record for record in records]
    return view_of(*known, gift, *spent), card.amount


def test_first_answer_decides() -> None:
    view = paid()
    first = opened(view, _1=1)
    decide(view, EndRefund(first, "done", "re_1"))
    again = decide(view, EndRefund(first, "refused"))
    assert isinstance(again, Refunding)
    assert (again.refund.state, again.refused) == ("done", False)
    assert order_of(view).events == 2


def test_account_is_not_invoiced_for_what_it_gave_back_and_never_twice_for_the_same_units() -> None:
    view = paid("external")
    total = order_of(view).total
    given = refund(view, _1=1)
    assert isinstance(given, Refunding)
    assert given.refund.state == "done"
    assert invoice(view) == total - given.refund.amount
    cancelled = decide(view, CancelOrder(ORDER, (Units(1, 1),)))
    assert isinstance(cancelled, Cancelled)
    assert invoice(view) == total - given.refund.amount
    decide(view, CancelOrder(ORDER))
    assert invoice(view) == 0


def invoice(view: View) -> int:
    known = view.get(InvoiceLine, ORDER)
    assert known is not None
    return known.amount


UNITS = st.dictionaries(st.sampled_from(["_1", "_2", "_3"]), st.integers(1, 8), max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("refund"), st.none() | st.integers(-5, 6_000), UNITS),
        st.tuples(st.just("end"), st.integers(0, 8), st.sampled_from(["done", "refused"])),
    ),
    max_size=20,
)


@given(STEPS, st.sampled_from(["card", "external"]))
def test_no_more_is_given_back_than_was_paid(steps: list[tuple[str, object, object]], kind: str) -> None:
    view = paid(kind)
    order = order_of(view)
    for what, first, second in steps:
        if what == "refund":
            assert isinstance(first, int | None)
            assert isinstance(second, dict)
            refund(view, first, **second)
        elif known := view.children(Refund, ORDER):
            assert isinstance(first, int)
            decide(view, EndRefund(known[first % len(known)], "done" if second == "done" else "refused"))
        assert_adds_up(view, order)


def assert_adds_up(view: View, before: Order) -> None:
    payment, order = payment_of(view), order_of(view)
    standing = view.children(Refund, ORDER)
    assert payment.refunded == sum(known.amount for known in standing)
    assert 0 <= payment.refunded <= payment.amount == before.total
    for known in standing:
        parts = known.breakdown
        assert parts.total == known.amount > 0
        assert min(parts.goods, parts.goods_tax, parts.shipping, parts.shipping_tax, parts.duties) >= 0
    for name in ("goods", "goods_tax", "shipping", "shipping_tax", "duties"):
        assert sum(getattr(known.breakdown, name) for known in standing) <= getattr(before, name)
    counted = {each.no: 0 for each in LINES}
    for known in standing:
        for each in known.lines:
            counted[each.line] += each.quantity
    lines = view.children(OrderLine, ORDER)
    assert {each.no: each.refunded for each in lines} == counted
    assert all(each.refunded <= each.quantity for each in lines)
    given = sum(known.amount for known in standing if known.state == "done")
    state = "refunded" if given == payment.amount else "partially_refunded" if given else "paid"
    assert order.payment_state == state


PAID_OUT = {1: 3 * 333 + 7 * 99 + 500, 2: 1_000 + 500}
"""What the merchants of the two parts were handed on: goods and shipping, without taxes."""


def paid_out() -> View:
    """The order with its payouts made at the provider."""
    view = view_of(*order_records(ORDER, LINES, parts=2, kind="card"))
    changes = Changes(
        msgspec.structs.replace(part, payout=PartPayout(f"m{part.no}", "acct", PAID_OUT[part.no], "k"))
        for part in view.children(OrderPart, ORDER)
    )
    payment = payment_of(view)
    changes.put(msgspec.structs.replace(payment, reference="pi_1"))
    view.apply(changes)
    return view


def taken_back(view: View, amount: int | None = None, **units: int) -> dict[str, int]:
    """What merchants are asked for because of one refund that is given."""
    known = set(reversals(view))
    reserved = refund(view, amount, **units)
    assert isinstance(reserved, Refunding), reserved
    decide(view, EndRefund(reserved.refund, "done"))
    return {name: amount for (name, seq), amount in reversals(view).items() if (name, seq) not in known}


def reversals(view: View) -> dict[tuple[str, int], int]:
    found = [record for _, record, _ in view.changed(Delivery) if record]
    return {
        (each.listener.partition(":")[2], each.seq): each.payload["amount"]
        for each in found
        if each.listener.startswith("reversal:")
    }


def test_merchant_gives_back_what_its_units_were_paid_for() -> None:
    view = paid_out()
    assert taken_back(view, l1=1) == {"m1": 333}
    assert taken_back(view, l3=1) == {"m2": 1_500}, "the last unit of a part brings its shipping"
    assert taken_back(view) == {"m1": 2 * 333 + 7 * 99 + 500}


def test_refund_of_everything_takes_back_everything() -> None:
    assert taken_back(paid_out()) == {"m1": PAID_OUT[1], "m2": PAID_OUT[2]}


def test_amount_is_shared_by_the_merchants_in_proportion() -> None:
    view = paid_out()
    half = order_of(view).total // 2
    back = taken_back(view, half)
    for name, paid in (("m1", PAID_OUT[1]), ("m2", PAID_OUT[2])):
        assert abs(back[name] - paid / 2) <= 2
    rest = taken_back(view)
    assert {name: back[name] + rest[name] for name in back} == {"m1": PAID_OUT[1], "m2": PAID_OUT[2]}


def test_refund_that_is_refused_takes_nothing_back() -> None:
    view = paid_out()
    decide(view, EndRefund(opened(view, l1=1), "refused"))
    assert not reversals(view)


@given(st.lists(st.one_of(st.integers(1, 3_000), st.sampled_from(["l1", "l2", "l3"])), max_size=8))
def test_merchants_never_give_back_more_than_they_got(wishes: list[int | str]) -> None:
    view = paid_out()
    for wish in wishes:
        reserved = refund(view, wish) if isinstance(wish, int) else refund(view, **{wish: 1})
        if isinstance(reserved, Refunding):
            decide(view, EndRefund(reserved.refund, "done"))
    back: dict[str, int] = dict.fromkeys(("m1", "m2"), 0)
    for (name, _), amount in reversals(view).items():
        assert amount > 0
        back[name] += amount
    for part in view.children(OrderPart, ORDER):
        assert part.payout is not None
        assert back[f"m{part.no}"] == part.payout.returned <= PAID_OUT[part.no]
    if order_of(view).payment_state == "refunded":
        assert back == {"m1": PAID_OUT[1], "m2": PAID_OUT[2]}
