"""Sessions of buyers: opened, changed, joined by a customer, and ended."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import ClassVar

import msgspec

from entrepot.domain.carts.command import SESSION_LIFETIME, repriced
from entrepot.domain.carts.details import sells_in
from entrepot.domain.carts.records import Cart, CartLine, remove_cart
from entrepot.domain.carts.totals import products_of
from entrepot.domain.channels.accounts import Environment, channel_of
from entrepot.domain.customers.records import Buyer, Customer, Session, buyer_of, proof_of
from entrepot.domain.kernel.commands import Command, Decided, Decision, Ids, refused
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.failures import Failure
from entrepot.failures.accounts import CustomerUnknown, SessionUnknown
from entrepot.failures.carts import CurrencyInactive
from entrepot.failures.orders import OrderLocked


class SessionSet(msgspec.Struct, frozen=True):
    """A session as it now stands."""

    session: Session


class SessionEnded(msgspec.Struct, frozen=True):
    """The session that was."""

    session: Session


class OpenSession(Command, frozen=True, kw_only=True):
    """Open a session; only the hash of its token is known here. The result is `SessionSet`."""

    stages: ClassVar[frozenset[Stage]] = frozenset({Stage.CHANNEL})

    channel: int
    environment: Environment
    hash: bytes
    language: str | None = None
    currency: str | None = None
    vat_country: str | None = None

    @property
    def ids(self) -> int:
        """The session's."""
        return 1

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The account, for its currency and language."""
        del view
        return (self.channel,) if stage is Stage.CHANNEL else ()

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an inactive currency, or open."""
        channel = channel_of(view, self.channel)
        if self.currency is not None and not sells_in(channel, self.currency):
            return refused(CurrencyInactive(self.currency))
        session = Session(
            id=ids.next(),
            hash=self.hash,
            channel=self.channel,
            environment=self.environment,
            customer=None,
            cart=None,
            currency=self.currency or channel.settings.currency,
            language=self.language or channel.settings.shop.language,
            vat_country=self.vat_country,
            created_at=now,
            expires_at=now + SESSION_LIFETIME,
            version=1,
        )
        return Decided(SessionSet(session), Changes((session,)))


class SessionCommand(Command, frozen=True, kw_only=True):
    """What the commands on a standing session share."""

    channel: int
    session: int

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The account, the session, and its cart."""
        match stage:
            case Stage.CHANNEL:
                return (self.channel,)
            case Stage.SESSION:
                return (self.session,)
            case Stage.CART:
                session = view.get(Session, self.session)
                return () if session is None or session.cart is None else (session.cart,)
            case _:
                return ()

    def standing(self, view: View, now: datetime) -> Session | SessionUnknown:
        """The session, if it is there and has not expired."""
        session = view.get(Session, self.session)
        if session is None or session.channel != self.channel or session.expires_at <= now:
            return SessionUnknown()
        return session

    def cart_of(self, session: Session, view: View) -> Cart | None:
        """The session's cart, unless it was placed."""
        return None if session.cart is None else view.get(Cart, session.cart)

    def joined(self, session: Session, customer: Customer | None, view: View, now: datetime) -> Decision:
        """The session and its cart as the customer's, or nobody's; refused while the cart is being placed."""
        number = customer.id if customer else None
        proof = None if customer is None else proof_of(customer.password_hash)
        after = msgspec.structs.replace(session, customer=number, proof=proof, version=session.version + 1)
        changes = Changes((after,))
        cart = self.cart_of(session, view)
        if cart is not None and cart.attempt is not None:
            return refused(OrderLocked(str(cart.id)))
        if cart is not None:
            changes.put(_joined(cart, customer, now))
        return Decided(SessionSet(after), changes)


class SetSession(SessionCommand, frozen=True, kw_only=True):
    """Change a session and its cart with it, and let it live on; what is None stays. The result is `SessionSet`."""

    currency: str | None = None
    language: str | None = None
    vat_country: str | None = None

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The articles in the cart too, for their prices in another currency."""
        session = view.get(Session, self.session)
        if stage is Stage.ARTICLE and self.currency is not None and session and session.cart is not None:
            return products_of(view.children(CartLine, session.cart))
        return super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an unknown session, an inactive currency, or a cart that is being placed."""
        del ids
        session = self.standing(view, now)
        if isinstance(session, Failure):
            return refused(session)
        if self.currency is not None and not sells_in(channel_of(view, self.channel), self.currency):
            return refused(CurrencyInactive(self.currency))
        asked = self._asked()
        after = msgspec.structs.replace(
            session, **asked, expires_at=now + SESSION_LIFETIME, version=session.version + 1
        )
        changes = Changes((after,))
        cart = self.cart_of(session, view)
        if cart is not None and any(getattr(cart, name) != value for name, value in asked.items()):
            if cart.attempt is not None:
                return refused(OrderLocked(str(cart.id)))
            self._set_cart(cart, asked, view, now, changes)
        return Decided(SessionSet(after), changes)

    def _asked(self) -> dict[str, str]:
        names = ("currency", "language", "vat_country")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def _set_cart(
        self, cart: Cart, asked: dict[str, str], view: View, now: datetime, changes: Changes
    ) -> None:
        """The cart in the new currency, with the prices that its lines have there."""
        after = msgspec.structs.replace(cart, **asked, changed_at=now, version=cart.version + 1)
        changes.put(after)
        if after.currency != cart.currency:
            changes.put(*(repriced(after, line, view) for line in view.children(CartLine, cart.id)))


class SetSessionCustomer(SessionCommand, frozen=True, kw_only=True):
    """Join a customer to a session and its cart, or with None part them. The result is `SessionSet`.

    A cart that says nothing of its buyer yet is filled in with what is known of the customer. Who leaves, or gives
    way to another, takes along what the cart says of its buyer.
    """

    customer: int | None

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """The customer too."""
        if stage is Stage.CUSTOMER:
            return () if self.customer is None else (self.customer,)
        return super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an unknown session or customer, or a cart that is being placed."""
        del ids
        session = self.standing(view, now)
        if isinstance(session, Failure):
            return refused(session)
        customer = None if self.customer is None else view.get(Customer, self.customer)
        if self.customer is not None and not _of_shop(customer, self.channel):
            return refused(CustomerUnknown(str(self.customer)))
        return self.joined(session, customer, view, now)


class EndSession(SessionCommand, frozen=True, kw_only=True):
    """End a session; its cart goes with it. The result is `SessionEnded`."""

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """What was planned to pay the cart too."""
        session = view.get(Session, self.session)
        if stage is Stage.PAYMENT and session and session.cart is not None and view.get(Cart, session.cart):
            return (session.cart,)
        return super().wants(stage, view)

    def decide(self, view: View, now: datetime, ids: Ids) -> Decision:
        """Refuse an unknown session; a cart that is being placed outlives its session."""
        del ids
        session = self.standing(view, now)
        if isinstance(session, Failure):
            return refused(session)
        changes = Changes()
        changes.remove(session)
        cart = self.cart_of(session, view)
        if cart is not None and cart.attempt is None and cart.session == session.id:
            remove_cart(cart, view, changes)
        return Decided(SessionEnded(session), changes)


def _of_shop(customer: Customer | None, channel: int) -> bool:
    return customer is not None and customer.channel == channel and customer.state != "removed"


def _joined(cart: Cart, customer: Customer | None, now: datetime) -> Cart:
    number = customer.id if customer else None
    buyer = cart.buyer if cart.customer in (None, number) else Buyer()
    if customer is not None and buyer == Buyer():
        buyer = buyer_of(customer)
    return msgspec.structs.replace(
        cart, customer=number, buyer=buyer, changed_at=now, version=cart.version + 1
    )
