"""What the commands on a buyer's cart share: whose cart it is, what to load for it, and when it is locked."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from entrepot.domain.carts.records import LIFETIME, Cart, CartLine
from entrepot.domain.carts.totals import totals_want
from entrepot.domain.catalogue import selection as selections
from entrepot.domain.catalogue.products import Product, Variant
from entrepot.domain.channels.accounts import Channel, Environment, channel_of
from entrepot.domain.customers.records import Buyer, Customer, Session, buyer_of
from entrepot.domain.kernel.commands import Command, Ids
from entrepot.domain.kernel.records import Changes, View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.records import Order
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.pricing.gift_certificates import Certificate
from entrepot.domain.stock.availability import shortage
from entrepot.domain.stock.levels import standing
from entrepot.failures import Failure
from entrepot.failures.accounts import SessionUnknown
from entrepot.failures.carts import CartUnknown
from entrepot.failures.orders import (
    OrderLocked,
    PriceInvalid,
    ProductUnavailable,
    QuoteStale,
)

SESSION_LIFETIME = timedelta(days=30)
"""How long a session lives after it was last used (decision textalk item 18)."""
SESSION_RENEWAL = timedelta(days=29)
"""With less than this left, using the cart renews the session: not every change writes its row."""
LARGEST_AMOUNT = 10**14
"""The most that one line may cost, in minor units: sums stay far within 64 bits."""
STAGES = frozenset(
    {
        Stage.CHANNEL,
        Stage.SESSION,
        Stage.CART,
        Stage.ORDER,
        Stage.PAYMENT,
        Stage.BUYER,
        Stage.DISCOUNT,
        Stage.DISCOUNT_USE,
        Stage.CERTIFICATE,
        Stage.ARTICLE,
        Stage.METHOD,
    }
)
"""At which stages commands on carts want anything: those of a cart and of what it comes to."""


class CartCommand(Command, frozen=True, kw_only=True):
    """A command on one cart: the session's own, or the one that is named.

    Without a session an administrator acts, on carts that belong to no session. `adds_up` says whether the command
    looks at the cart's totals, `opens` whether it makes a cart where none is named and the session has none.

    With `sums` its caller wants to be told what the cart then comes to; with `shows` the buyer is shown that.
    """

    stages: ClassVar[frozenset[Stage]] = STAGES
    adds_up: ClassVar[bool] = False
    opens: ClassVar[bool] = False

    channel: int
    environment: Environment
    session: int | None = None
    cart: int | None = None
    sums: bool = False
    shows: bool = False

    @property
    def ids(self) -> int:
        """A cart's."""
        return 1 if self.opens else 0

    @property
    def weight(self) -> int:
        """The session, the cart, and a line or two."""
        return 4

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Session, then cart, or the order that it became; then all that totals look at."""
        number = self.number(view)
        match stage:
            case Stage.CHANNEL:
                return (self.channel,)
            case Stage.SESSION:
                return () if self.session is None else (self.session,)
            case Stage.CART:
                return () if number is None else (number,)
            case Stage.ORDER:
                return () if number is None or view.get(Cart, number) else (number,)
            case Stage.METHOD:
                return (self.channel,) if self.adds_up or self.sums else ()
            case Stage.BUYER if self.opens and number is None:
                customer = self._customer(view)
                return () if customer is None else (customer,)
            case _:
                cart = None if number is None else view.get(Cart, number)
                return totals_want(stage, view, cart) if cart and self._adds_up(cart) else ()

    def _adds_up(self, cart: Cart) -> bool:
        """Codes bring locks that others wait for: nobody takes those only to be told a sum."""
        return self.adds_up or (self.sums and not cart.codes)

    def knows(self, stage: Stage) -> bool:
        """The cart, where it is named: the session does not have to be asked for it."""
        return stage is Stage.CART and self.cart is not None

    def unseen(self, view: View) -> QuoteStale | None:
        """Whether a command of the same batch brought something into play that was not loaded: ask again then."""
        missing = (
            True
            for stage in _SUMMED & self.stages
            for key in self.wants(stage, view)
            if not _known(stage, key, view)
        )
        return QuoteStale(1) if any(missing) else None

    def number(self, view: View) -> int | None:
        """The id of the cart that is meant, as far as it is known."""
        if self.cart is not None or self.session is None:
            return self.cart
        session = view.get(Session, self.session)
        return session.cart if session else None

    def opened(self, view: View, now: datetime, ids: Ids) -> Cart | Failure:
        """The cart, made where there may be a new one; or why nothing can be done with it."""
        session = self._session(view, now)
        if isinstance(session, Failure):
            return session
        number = self.number(view)
        cart = None if number is None else view.get(Cart, number)
        if cart is not None and self._sees(cart, now):
            return OrderLocked(str(cart.id)) if cart.attempt is not None else cart
        order = None if number is None else view.get(Order, number)
        if self.cart is not None:
            locked = order is not None and self._sees_order(order, session)
            return OrderLocked(str(self.cart)) if locked else CartUnknown(str(self.cart))
        return self._new(view, session, now, ids) if self.opens else CartUnknown("")

    def saved(self, cart: Cart, view: View, now: datetime, changes: Changes) -> Cart:
        """The cart one version on, put among the changes, with its session if that did not know it."""
        cart = msgspec.structs.replace(
            cart, changed_at=now, expires_at=now + LIFETIME, version=cart.version + 1
        )
        changes.put(cart)
        session = None if self.session is None else view.get(Session, self.session)
        if session is not None and (session.cart != cart.id or session.expires_at < now + SESSION_RENEWAL):
            changes.put(
                msgspec.structs.replace(
                    session, cart=cart.id, expires_at=now + SESSION_LIFETIME, version=session.version + 1
                )
            )
        return cart

    def _session(self, view: View, now: datetime) -> Session | Failure | None:
        if self.session is None:
            return None
        session = view.get(Session, self.session)
        if session is None or session.expires_at <= now or session.channel != self.channel:
            return SessionUnknown()
        return session

    def _customer(self, view: View) -> int | None:
        """Who is logged in on the session."""
        session = None if self.session is None else view.get(Session, self.session)
        return session.customer if session else None

    def _sees(self, cart: Cart, now: datetime) -> bool:
        own = (cart.channel, cart.environment) == (self.channel, self.environment)
        return own and cart.session == self.session and cart.expires_at > now

    def _sees_order(self, order: Order, session: Session | None) -> bool:
        if (order.channel, order.environment) != (self.channel, self.environment):
            return False
        if session is None:
            return True
        if order.customer is not None:
            return order.customer == session.customer
        return order.data.get("session") == session.id

    def _new(self, view: View, session: Session | None, now: datetime, ids: Ids) -> Cart:
        channel = channel_of(view, self.channel)
        settings = channel.settings
        number = self._customer(view)
        customer = None if number is None else view.get(Customer, number)
        return Cart(
            ids.next(),
            ids.uuid(),
            self.channel,
            self.environment,
            now,
            now,
            now + LIFETIME,
            {},
            session=self.session,
            customer=number,
            buyer=Buyer() if customer is None else buyer_of(customer),
            currency=session.currency if session else settings.currency,
            language=session.language if session else settings.shop.language,
            vat_country=session.vat_country if session else None,
            version=0,
        )


_SUMMED = frozenset(stage for stage in Stage if stage >= Stage.PAYMENT)


def _known(stage: Stage, key: Hashable, view: View) -> bool:
    match stage:
        case Stage.DISCOUNT if isinstance(key, int):
            return view.get(Discount, key) is not None or view.asked(stage, key)
        case Stage.CERTIFICATE if isinstance(key, int):
            return view.get(Certificate, key) is not None or view.asked(stage, key)
        case Stage.ARTICLE:
            return view.asked(stage, key) or view.get(Product, key) is not None
        case Stage.BUYER:
            return view.asked(stage, key) or view.asked(Stage.CUSTOMER, key)
        case Stage.PAYMENT:
            return view.asked(stage, key) or view.fresh(Cart, key)
        case _:
            return view.asked(stage, key)


def repriced(cart: Cart, line: CartLine, view: View) -> CartLine:
    """The line with the unit price that it has now, which the buyer is shown with the next answer."""
    product = view.get(Product, line.product_id) if line.product_id else None
    variant = view.get(Variant, line.variant_id) if line.variant_id else None
    if product is None or variant is None:
        return line
    price = selections.unit_price(product, variant, line.choices, cart.currency, view)
    return msgspec.structs.replace(line, price=price)


def unsellable(product: Product, variant: Variant, price: int | None, units: int) -> Failure | None:
    """Why a product cannot be bought at all, or not at a price."""
    ref = selections.ref_of(product, variant)
    if not (product.on_sale and variant.available):
        return ProductUnavailable(ref)
    if price is None or price < 0 or price * units > LARGEST_AMOUNT * 10**variant.scale:
        return PriceInvalid(ref)
    return None


def short(channel: Channel, product: Product, variant: Variant, units: int, view: View) -> Failure | None:
    """Whether fewer units are available than are wanted together. A cart holds none: this is a look, not a promise."""
    if not variant.tracked:
        return None
    levels, ref = standing(view, variant.id), selections.ref_of(product, variant)
    return shortage(channel.settings.stock, levels, units, ref)
