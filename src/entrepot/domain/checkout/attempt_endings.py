"""How an attempt ends: the order exists, or nothing remains but the attempt."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from entrepot.domain.carts.records import Cart, end_cart
from entrepot.domain.channels.accounts import Reference
from entrepot.domain.fulfilment.records import ReturnLabel
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.ending import ending_wants, undo
from entrepot.domain.orders.records import Order, PartPayout
from entrepot.domain.outbox.deliveries import Delivery
from entrepot.domain.placing.attempts import NOTHING, Attempt, Draft, Errands, Reserved, held_names
from entrepot.domain.placing.place import settle
from entrepot.domain.placing.record_sale import exist


class Ended(msgspec.Struct, frozen=True):
    """Somebody else brought the attempt to its end first."""

    attempt: Attempt


class Released(msgspec.Struct, frozen=True):
    """Nothing of the order remains but its attempt."""

    attempt: Attempt


_NAMED = frozenset({Stage.CHANNEL, Stage.CART, Stage.REFERENCE, Stage.ORDER, Stage.ATTEMPT})


class AttemptCommand(Command, frozen=True):
    """What the commands that end an attempt share; `draft` is its draft, which never changes."""

    stages: ClassVar[frozenset[Stage]] = _NAMED

    attempt: int
    order: int
    draft: Draft

    @property
    def weight(self) -> int:
        """About as many rows as the order has."""
        return 8 + 4 * len(self.draft.lines)

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Its account and attempt, the order or cart where it exists already, and the names that are held."""
        match stage:
            case Stage.CHANNEL:
                return (self.draft.order.channel,)
            case Stage.CART:
                return () if self.draft.cart is None else (self.draft.cart,)
            case Stage.REFERENCE:
                return self.draft.name_keys
            case Stage.ORDER:
                return (self.order,)
            case Stage.ATTEMPT:
                return (self.attempt,)
            case _:
                return ()

    def knows(self, stage: Stage) -> bool:
        """All that its draft names."""
        return stage in _NAMED

    def open_attempt(self, view: View) -> Attempt | Ended:
        """The attempt if it is still to be decided. Raises `LookupError` for one that does not exist."""
        attempt = view.get(Attempt, self.attempt)
        if attempt is None:
            raise LookupError(f"there is no attempt {self.attempt}")
        return attempt if attempt.state == "open" else Ended(attempt)


class CompleteAttempt(AttemptCommand, frozen=True):
    """Batch 2: the order exists and is paid. `reference` is the gateway's name for the charge.

    `untold`: nobody waits for this outcome any more, since whoever asked was told of a failure or lost the connection.
    `new`: the attempt is one to place, so nothing stands under the order's number but what was planned to pay its cart.
    """

    stages: ClassVar[frozenset[Stage]] = _NAMED | {Stage.PAYMENT}

    reference: str | None = None
    description: str | None = None
    untold: bool = False
    new: bool = False

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Of a new order no more than that."""
        if self.new and stage in {Stage.ORDER, Stage.PAYMENT}:
            return (self.order,) if stage is Stage.PAYMENT and self.draft.cart is not None else ()
        return super().wants(stage, view)

    def knows(self, stage: Stage) -> bool:
        """All of it."""
        return True

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Settle the draft, unless somebody ended the attempt before."""
        del ids
        attempt = self.open_attempt(view)
        if isinstance(attempt, Ended):
            return Decided(attempt, Changes())
        changes = Changes((msgspec.structs.replace(_ended(attempt, "done", now), untold=self.untold),))
        payouts = _payouts(attempt, self.reference)
        changes.put(*(_message(attempt.order, self.reference, payout, now) for payout in payouts.values()))
        if attempt.draft.cart is not None:
            end_cart(attempt.draft.cart, view, changes)
        drafted = _continued(_paid_out(attempt.draft, payouts), view)
        return Decided(settle(drafted, view, now, changes, self.reference, self.description), changes)


class CompleteSale(AttemptCommand, frozen=True):
    """Batch 2 of a sale elsewhere, once everybody who was to be asked has agreed: the order exists, with its label."""

    label: ReturnLabel | None = None

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Make the order of the draft, unless somebody ended the attempt before."""
        del ids
        attempt = self.open_attempt(view)
        if isinstance(attempt, Ended):
            return Decided(attempt, Changes())
        changes = Changes((_ended(attempt, "done", now),))
        return Decided(exist(_labelled(attempt.draft, self.label), now, changes), changes)


class ReleaseAttempt(AttemptCommand, frozen=True, kw_only=True):
    """Batch 2 of an order that failed: the holds and the names go, and `outcome` says why.

    `unwanted` are the errands that may have been run; whoever ran them is told by the outbox to undo them.
    """

    stages: ClassVar[frozenset[Stage]] = _NAMED | {
        Stage.DISCOUNT,
        Stage.CERTIFICATE,
        Stage.HELD,
        Stage.STOCK,
    }

    outcome: str
    unwanted: Errands = NOTHING

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """What every end of an attempt wants, and what the order would have taken."""
        return super().wants(stage, view) or ending_wants(stage, self.order, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Give back what the attempt holds, unless somebody ended it before."""
        del ids
        attempt = self.open_attempt(view)
        if isinstance(attempt, Ended):
            return Decided(attempt, Changes())
        ended = msgspec.structs.replace(_ended(attempt, "refused", now), outcome=self.outcome)
        changes = Changes((ended,))
        _free_names(attempt, view, changes)
        undo(self.order, view, now, changes)
        if (cart := view.get(Cart, self.order)) is not None:
            changes.put(msgspec.structs.replace(cart, attempt=None))
        if attempt.kind == "pay" and (order := view.get(Order, self.order)):
            changes.put(msgspec.structs.replace(order, payment_state="unpaid"))
        changes.put(*_undoing(attempt, self.unwanted, now))
        return Decided(Released(ended), changes)


class ExtendLease(Command, frozen=True):
    """Take over an attempt whose lease has ended: of several who try, one gets it."""

    attempt: int
    seen_until: datetime
    lease_until: datetime

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The attempt."""
        del view
        return (self.attempt,) if stage is Stage.ATTEMPT else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """`Reserved` for the one who gets it, `Ended` for everybody else."""
        del now, ids
        attempt = view.get(Attempt, self.attempt)
        if attempt is None:
            raise LookupError(f"there is no attempt {self.attempt}")
        if attempt.state != "open" or attempt.lease_until != self.seen_until:
            return Decided(Ended(attempt), Changes())
        taken = msgspec.structs.replace(attempt, lease_until=self.lease_until, version=attempt.version + 1)
        return Decided(Reserved(taken), Changes((taken,)))


def _payouts(attempt: Attempt, reference: str | None) -> dict[int, PartPayout]:
    """What merchants are due of a live charge, by part."""
    if reference is None or attempt.environment != "live":
        return {}
    key = attempt.uuid.hex
    return {
        payout.part: PartPayout(payout.merchant, payout.account or "", payout.amount, key)
        for payout in attempt.draft.payouts
    }


def _message(order: int, reference: str | None, payout: PartPayout, now: datetime) -> Delivery:
    """The transfer, made once per attempt and merchant."""
    payload = {
        "intent": reference,
        "account": payout.account,
        "amount": payout.amount,
        "key": payout.key,
    }
    return Delivery(order, f"payout:{payout.merchant}", 1, payload, now)


def _labelled(drafted: Draft, label: ReturnLabel | None) -> Draft:
    if label is None:
        return drafted
    data = {**drafted.order.data, "label": msgspec.to_builtins(label)}
    return msgspec.structs.replace(drafted, order=msgspec.structs.replace(drafted.order, data=data))


def _undoing(attempt: Attempt, unwanted: Errands, now: datetime) -> Iterator[Delivery]:
    """The messages that undo errands, each under the attempt's key; both succeed where nothing was done."""
    payload = {"key": attempt.uuid.hex, "channel": attempt.channel, "environment": attempt.environment}
    if unwanted.label:
        yield Delivery(attempt.order, f"label-void:{attempt.id}", 1, payload, now)
    if unwanted.hub:
        yield Delivery(attempt.order, f"hub-withdraw:{attempt.id}", 1, payload, now)


def _paid_out(drafted: Draft, payouts: Mapping[int, PartPayout]) -> Draft:
    """The draft whose parts know what was handed on for them."""
    parts = tuple(msgspec.structs.replace(part, payout=payouts.get(part.no)) for part in drafted.parts)
    return msgspec.structs.replace(drafted, parts=parts)


def _continued(drafted: Draft, view: View) -> Draft:
    """The draft of a pending order, going on from the history that the order has by now."""
    before = view.get(Order, drafted.order.id)
    if before is None:
        return drafted
    order = msgspec.structs.replace(drafted.order, version=before.version + 1, events=before.events + 1)
    return msgspec.structs.replace(drafted, order=order)


def _ended(attempt: Attempt, state: Literal["done", "refused"], now: datetime) -> Attempt:
    return msgspec.structs.replace(attempt, state=state, version=attempt.version + 1, ended_at=now)


def _free_names(attempt: Attempt, view: View, changes: Changes) -> None:
    for name in held_names(attempt):
        held = view.get(Reference, name.key)
        if held is not None and held.attempt == attempt.id:
            changes.remove(held)
