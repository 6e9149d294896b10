"""A buyer's wishes about the whole cart: who buys, how it is sent, in which currency, and how it is to be paid."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeGuard, TypeVar, cast

import msgspec

from entrepot.domain.carts.command import CartCommand, repriced
from entrepot.domain.carts.look import come_to
from entrepot.domain.carts.records import Cart, CartLine
from entrepot.domain.carts.totals import PLANNED, Totals, products_of
from entrepot.domain.channels.accounts import Channel, channel_of
from entrepot.domain.customers.records import Buyer
from entrepot.domain.kernel.commands import Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.payments import Payment
from entrepot.domain.payments.methods import PaymentMethod
from entrepot.domain.pricing.delivery_methods import DeliveryMethod
from entrepot.failures import Failure
from entrepot.failures.carts import CurrencyInactive, DeliveryMethodUnknown
from entrepot.failures.orders import InvalidInput
from entrepot.failures.payments import PaymentMethodUnknown

M = TypeVar("M", DeliveryMethod, PaymentMethod)


class CartSet(msgspec.Struct, frozen=True):
    """A cart as it now stands, with what it comes to where that was asked for and is known."""

    cart: Cart
    totals: Totals | None = None


class PaymentPlanned(msgspec.Struct, frozen=True):
    """The payment as planned, and what the cart comes to with it where that was asked for."""

    payment: Payment
    totals: Totals | None


class CartPatch(msgspec.Struct, frozen=True):
    """What is to change of a cart; what is unset stays.

    `buyer` is a part of a `Buyer` as JSON: objects are merged key by key, a null takes a value back to its default.
    """

    currency: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET
    vat_country: str | msgspec.UnsetType | None = msgspec.UNSET
    note: str | msgspec.UnsetType | None = msgspec.UNSET
    delivery_method: int | msgspec.UnsetType | None = msgspec.UNSET
    buyer: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    data: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class SetCart(CartCommand, frozen=True, kw_only=True):
    """Change a cart, made if the session has none. A new currency gives every line its price there."""

    opens: ClassVar[bool] = True

    patch: CartPatch

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The cart; methods for a new choice of delivery; articles for a new currency."""
        number = self.number(view)
        if stage is Stage.METHOD and isinstance(self.patch.delivery_method, int):
            return (self.channel,)
        if stage is Stage.ARTICLE and self.patch.currency is not msgspec.UNSET and number is not None:
            return products_of(view.children(CartLine, number))
        return super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse a locked cart, an inactive currency, an unknown method, or a buyer of a wrong shape."""
        cart = self.opened(view, now, ids)
        if isinstance(cart, Failure):
            return refused(cart)
        patched = self._patched(cart, view)
        if isinstance(patched, Failure):
            return refused(patched)
        changes = Changes()
        if patched.currency != cart.currency:
            changes.put(*(repriced(patched, line, view) for line in view.children(CartLine, cart.id)))
        saved = self.saved(patched, view, now, changes)
        return Decided(CartSet(saved, come_to(self, saved, view, changes)), changes)

    def _patched(self, cart: Cart, view: View) -> Cart | Failure:
        patch = self.patch
        if isinstance(patch.currency, str) and not sells_in(channel_of(view, self.channel), patch.currency):
            return CurrencyInactive(patch.currency)
        method = patch.delivery_method
        if isinstance(method, int) and not _offered(view.get(DeliveryMethod, method), self.channel):
            return DeliveryMethodUnknown(str(method))
        buyer = cart.buyer if isinstance(patch.buyer, msgspec.UnsetType) else merged(cart.buyer, patch.buyer)
        if isinstance(buyer, Failure):
            return buyer
        asked = {
            name: value
            for name in ("currency", "language", "vat_country", "note", "delivery_method", "data")
            if (value := getattr(patch, name)) is not msgspec.UNSET
        }
        return msgspec.structs.replace(cart, buyer=buyer, **asked)


class PlanPayment(CartCommand, frozen=True, kw_only=True):
    """Say how a cart is to be paid, in place of what was planned before. The result is `PaymentPlanned`.

    Whether the method suits the order shows at checkout: the order may still change.
    """

    method: int
    params: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    external_data: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])

    @property
    def ids(self) -> int:
        """The payment's."""
        return 1

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The cart, the methods, and what was planned before."""
        number = self.number(view)
        match stage:
            case Stage.METHOD:
                return (self.channel,)
            case Stage.PAYMENT:
                return () if number is None or view.get(Cart, number) is None else (number,)
            case _:
                return super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse a locked cart or an unknown method; or plan."""
        cart = self.opened(view, now, ids)
        if isinstance(cart, Failure):
            return refused(cart)
        method = view.get(PaymentMethod, self.method)
        if not _offered(method, self.channel):
            return refused(PaymentMethodUnknown(str(self.method)))
        if stale := self.unseen(view):
            return refused(stale)
        before = [p for p in view.children(Payment, cart.id) if p.state == PLANNED]
        payment = self._planned(cart, method, before, ids)
        changes = Changes()
        for other in before:
            changes.remove(other)
        changes.put(payment)
        saved = self.saved(cart, view, now, changes)
        return Decided(PaymentPlanned(payment, come_to(self, saved, view, changes)), changes)

    def _planned(self, cart: Cart, method: PaymentMethod, before: list[Payment], ids: Ids) -> Payment:
        """The payment, of no amount of its own; planned again by the same method it keeps its id."""
        same = next((p for p in before if p.method_id == method.id), None)
        return Payment(
            order=cart.id,
            no=1,
            id=same.id if same else ids.next(),
            kind=method.provider,
            method=method.type,
            state=PLANNED,
            amount=0,
            currency=cart.currency,
            refunded=0,
            reference=None,
            reported=None,
            method_id=method.id,
            params=self.params,
            external_data=self.external_data,
        )


def sells_in(channel: Channel, currency: str) -> bool:
    """Whether a shop sells in this currency."""
    return currency == channel.settings.currency or currency in channel.settings.shop.currencies


def merged(buyer: Buyer, patch: Mapping[str, Any]) -> Buyer | InvalidInput:
    """The buyer with the parts that a patch names."""
    try:
        return msgspec.convert(_merged(msgspec.to_builtins(buyer), patch), Buyer)
    except msgspec.ValidationError:
        return InvalidInput(("buyer",))


def _merged(value: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(value)
    for name, new in patch.items():
        old = result.pop(name, None)
        if isinstance(new, Mapping):
            base: Mapping[str, Any] = cast("Any", old) if isinstance(old, Mapping) else {}
            result[name] = _merged(base, cast("Mapping[str, Any]", new))
        elif new is not None:
            result[name] = new
    return result


def _offered(method: M | None, channel: int) -> TypeGuard[M]:
    return method is not None and method.active and method.channel == channel
