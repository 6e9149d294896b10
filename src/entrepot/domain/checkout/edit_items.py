"""Changing what a placed order is of: an item is added, changed or taken out, and the order is added up anew.

The order becomes a cart again, on a copy of the view and for this one decision: the cart's own command changes the
item, the checks of a checkout say whether it could be placed so, and the order is drafted as at checkout. What then
differs is written: lines and parts, amounts, holds, codes, and what is to be paid (decision textalk item 29).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from entrepot.domain.carts.command import repriced
from entrepot.domain.carts.lines import AddItem, CartItemSet, RemoveItem, SetItem
from entrepot.domain.carts.records import LIFETIME, Cart, CartCode, CartFile, CartLine, FileContent
from entrepot.domain.carts.to_order import drafted
from entrepot.domain.carts.totals import PLANNED, total, totals_want
from entrepot.domain.catalogue.products import Variant
from entrepot.domain.checkout.cart_checkout import fault
from entrepot.domain.checkout.edit_order import is_open
from entrepot.domain.customers.records import Buyer
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, Refused, refused
from entrepot.domain.kernel.moments import read_moment
from entrepot.domain.kernel.records import Changes, Record, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders import line_counts as counts
from entrepot.domain.orders.access import Asker, seen_order
from entrepot.domain.orders.ending import give_back_codes
from entrepot.domain.orders.payment_state import OPEN_STATES, state_of
from entrepot.domain.orders.payments import Payment, Refund
from entrepot.domain.orders.records import Order, OrderLine, OrderPart, event
from entrepot.domain.placing.attempts import Draft
from entrepot.domain.placing.place import promises, stock_mode, use_codes
from entrepot.domain.pricing.discounts import DiscountUse
from entrepot.domain.pricing.gift_certificates import CertificateUse
from entrepot.domain.stock.holds import rehold
from entrepot.domain.stock.levels import Hold, Level
from entrepot.failures.orders import OrderLocked, OrderUnknown, QuoteStale

MOST_CERTIFICATES: Final = 10
"""At most so many gift certificates pay an order anew."""
_ADDED_UP = (
    "goods",
    "goods_tax",
    "shipping",
    "shipping_tax",
    "fee",
    "fee_tax",
    "rounding",
    "total",
    "payment_method",
)
"""What of an order its items come to."""


class ItemsEdited(msgspec.Struct, frozen=True):
    """The order as it now stands, and the item that was set; None where it was taken out."""

    order: Order
    item: int | None


class EditItems(Command, frozen=True, kw_only=True):
    """Change an item of a placed order by an administrator, as `item` would of a cart. The result is `ItemsEdited`."""

    order: int
    asks: Asker
    item: AddItem | SetItem | RemoveItem

    @property
    def ids(self) -> int:
        """The item's, and one per certificate."""
        return self.item.ids + MOST_CERTIFICATES

    @property
    def weight(self) -> int:
        """An order writes about ten rows, and more per line; most have few."""
        return 20

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Who asks, the order with its files, and all that placing it anew looks at."""
        order = view.get(Order, self.order)
        match stage:
            case Stage.CHANNEL:
                return (self.asks.channel,)
            case Stage.CART | Stage.ORDER:
                return (self.order,)
            case Stage.DISCOUNT | Stage.CERTIFICATE:
                return self._codes(stage, view)
            case Stage.ARTICLE:
                return self._products(view)
            case Stage.STOCK:
                return self._variants(view)
            case Stage.METHOD | Stage.BUYER | Stage.DISCOUNT_USE if order is not None:
                return totals_want(stage, view, _cart(order, view))
            case _:
                return ()

    def _codes(self, stage: Stage, view: View) -> set[int]:
        if stage is Stage.DISCOUNT:
            return {use.discount for use in view.children(DiscountUse, self.order)}
        return {use.certificate for use in view.children(CertificateUse, self.order)}

    def _products(self, view: View) -> set[int]:
        lines = view.children(OrderLine, self.order)
        added = {self.item.article} if isinstance(self.item, AddItem) else set[int]()
        return added | {line.product_id for line in lines if line.product_id is not None}

    def _variants(self, view: View) -> set[int]:
        """Those that the order holds, and those that it may come to hold."""
        variants = (each for number in self._products(view) for each in view.children(Variant, number))
        held = {hold.variant for hold in view.children(Hold, self.order)}
        return held | {variant.id for variant in variants if variant.tracked}

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an order that is not there, or not open any more; then whatever its cart would be refused for."""
        order = seen_order(view, self.order, self.asks)
        if isinstance(order, OrderUnknown):
            return refused(order)
        own = order.channel == self.asks.channel and "buyer" in order.data
        if not own or not is_open(order, view) or view.children(Refund, order.id):
            return refused(OrderLocked(str(order.id)))
        if self._unseen(view):
            return refused(QuoteStale(1))
        return self._edited(order, view, now, ids)

    def _unseen(self, view: View) -> bool:
        """Whether a command of the same batch brought something into play that was not loaded."""
        stages = (Stage.DISCOUNT, Stage.CERTIFICATE, Stage.ARTICLE, Stage.STOCK, Stage.METHOD)
        return any(not view.asked(stage, key) for stage in stages for key in self.wants(stage, view))

    def _edited(self, order: Order, view: View, now: datetime, ids: Ids) -> Decision:
        changes, tried = Changes(), view.copy()
        give_back_codes(order.id, view, now, changes)
        tried.apply(changes)
        tried.apply(Changes(_as_cart(order, view, now)))
        done = self.item.decide(tried, now, ids)
        if isinstance(done, Refused):
            return done
        tried.apply(done.changes)
        changes.join(_files(done.changes, order.id, view))
        cart = _cart(order, tried)
        tried.apply(Changes(repriced(cart, line, tried) for line in tried.children(CartLine, order.id)))
        totals = total(cart, tried)
        if failure := fault(cart, totals, tried, now):
            return refused(failure)
        draft = drafted(cart, totals, tried, now, ids)
        use_codes(draft, tried, now, used := Changes())
        changes.join(used)
        edited = _write(order, draft, view, now, changes)
        item = done.result.item if isinstance(done.result, CartItemSet) else None
        return Decided(ItemsEdited(edited, item), changes)


def _cart(order: Order, view: View) -> Cart:
    """The order as the cart that it would be: an administrator's, whose VAT country stays as it is."""
    standing, data = view.get(Cart, order.id), order.data
    if standing is not None:
        return standing
    return Cart(
        order.id,
        order.uuid,
        order.channel,
        order.environment,
        read_moment(data["created_at"]) or order.placed_at,
        order.changed_at,
        order.changed_at + LIFETIME,
        data.get("cart") or {},
        customer=order.customer,
        currency=order.currency,
        language=data["language"],
        vat_country=data["vat_country"],
        buyer=msgspec.convert(data["buyer"], Buyer),
        delivery_method=data["delivery_method"],
        note=order.note,
        codes=tuple(CartCode(code["code"], code["kind"], code["target"]) for code in data["codes"]),
    )


def _as_cart(order: Order, view: View, now: datetime) -> Iterator[Record]:
    """The cart with its lines and planned payment, and stock as if the order held none of it."""
    yield msgspec.structs.replace(_cart(order, view), expires_at=now + LIFETIME)
    for line in view.children(OrderLine, order.id):
        if counts.unsent(line):
            yield _wished(line)
    for payment in view.children(Payment, order.id):
        if payment.kind != "certificate" and payment.state in OPEN_STATES:
            yield msgspec.structs.replace(payment, state=PLANNED)
    levels: dict[Hashable, Level] = {}
    for hold in view.children(Hold, order.id):
        key = (hold.variant, hold.location)
        if level := levels.get(key) or view.get(Level, key):
            levels[key] = msgspec.structs.replace(level, available=level.available + hold.quantity)
    yield from levels.values()


def _wished(line: OrderLine) -> CartLine:
    """What is still to be sent of a line; what was cancelled of it is not ordered any more."""
    return CartLine(
        line.order,
        line.no,
        str(line.product_id),
        str(line.variant),
        counts.unsent(line),
        id=line.id,
        product_id=line.product_id,
        variant_id=line.variant,
        choices=line.data.get("choices") or {},
    )


def _files(done: Changes, order: int, view: View) -> Changes:
    """The files that came with the item, or went with it."""
    files = (msgspec.structs.replace(file, bought=True) for file in done.records(CartFile))
    kept = Changes((*files, *done.records(FileContent)))
    gone = {key for (kind, key), record in done.items() if kind is CartFile and record is None}
    for file in view.children(CartFile, order):
        if file.key in gone:
            kept.remove(file)
    return kept


def _write(order: Order, draft: Draft, view: View, now: datetime, changes: Changes) -> Order:
    """Put what differs among the changes; the order keeps its history, and what its shop noted of it."""
    before = {line.no: line for line in view.children(OrderLine, order.id)}
    lines = [_ordered(line, before.get(line.no)) for line in draft.lines]
    parts = view.children(OrderPart, order.id)
    _replace(parts, [_sent_by(part, parts) for part in draft.parts], changes)
    _replace(list(before.values()), lines, changes)
    mode = stock_mode(order, view)
    rehold(order.id, promises(draft, mode), view, changes, backorder=mode == "backorder")
    payments = _paid(draft, view.children(Payment, order.id), changes)
    new = draft.order
    state = state_of(payments, new.total, ()) if payments else new.payment_state
    edited = msgspec.structs.replace(
        order,
        payment_state=state,
        data=order.data | {name: new.data[name] for name in _NOTED},
        **{name: getattr(new, name) for name in _ADDED_UP},
    )
    edited, happened = event(counts.counted(edited, lines), "edited", now, lines=_moved(before, lines))
    changes.put(edited, happened)
    return edited


_NOTED = ("delivery_method", "delivery_vat_rate", "fee_vat_rate", "discount", "codes")
"""What of an order's data its items come to."""


def _ordered(line: OrderLine, before: OrderLine | None) -> OrderLine:
    """The line as it is ordered now; work that has begun on its goods has still begun."""
    same = before is not None and before.variant == line.variant
    begun = min(before.acknowledged, line.quantity) if before and same else 0
    return msgspec.structs.replace(line, acknowledged=begun, new=line.quantity - begun)


def _sent_by(part: OrderPart, before: Sequence[OrderPart]) -> OrderPart:
    """The part with what its merchant has called it, as far as it is still the same merchant's."""
    same = next((each for each in before if (each.no, each.merchant) == (part.no, part.merchant)), None)
    return msgspec.structs.replace(part, merchant_order_id=same.merchant_order_id) if same else part


def _replace(before: Sequence[Record], after: Sequence[Record], changes: Changes) -> None:
    keys = {record.key for record in after}
    for record in before:
        if record.key not in keys:
            changes.remove(record)
    changes.put(*(record for record in after if record not in before))


def _paid(draft: Draft, before: Sequence[Payment], changes: Changes) -> list[Payment]:
    """The order's payments, each of what is now to be paid by it; those by which nothing is go."""
    after: list[Payment] = []
    by_code = {payment.method_id: payment for payment in draft.certificates}
    for payment in before:
        if payment.kind != "certificate" and payment.state not in OPEN_STATES:
            after.append(payment)
            continue
        now = by_code.pop(payment.method_id, None) if payment.kind == "certificate" else draft.payment
        if now is None:
            changes.remove(payment)
        else:
            after.append(msgspec.structs.replace(payment, amount=now.amount))
    last = max((payment.no for payment in before), default=1)
    fresh = enumerate(by_code.values(), last + 1)
    after += [msgspec.structs.replace(payment, no=no) for no, payment in fresh]
    changes.put(*(payment for payment in after if payment not in before))
    return after


def _moved(before: Mapping[int, OrderLine], lines: Sequence[OrderLine]) -> list[dict[str, Any]]:
    """The lines that are of another quantity now, for the order's history."""
    after = {line.no: line.quantity for line in lines}
    numbers = sorted(before.keys() | after.keys())
    return [
        {"no": no, "quantity": after.get(no, 0)}
        for no in numbers
        if after.get(no, 0) != (before[no].quantity if no in before else 0)
    ]
