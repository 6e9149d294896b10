"""What a cart comes to: lines, discounts, delivery, certificates, fee and rounding, exact to the minor unit.

A pure function of the loaded records, so that a reader shows the very sums by which checkout places the order.
Figures named `stored` follow the shop's convention: with the VAT at home, or without.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from entrepot.domain.carts.records import Cart, CartCode, CartLine
from entrepot.domain.catalogue import selection as selections
from entrepot.domain.catalogue.products import Product, Variant
from entrepot.domain.channels.accounts import Channel, ShopSettings
from entrepot.domain.customers.records import Buyer, ContactAddress, Customer, DeliveryAddress
from entrepot.domain.kernel.commands import Command
from entrepot.domain.kernel.records import View
from entrepot.domain.kernel.stages import Stage
from entrepot.domain.orders.payments import Payment
from entrepot.domain.payments.methods import PaymentMethod, suits
from entrepot.domain.pricing import delivery_methods as delivery
from entrepot.domain.pricing import discounts, vat
from entrepot.domain.pricing.delivery_methods import DeliveryMethod, DeliveryOffer, Destination
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.pricing.gift_certificates import Certificate
from entrepot.domain.pricing.shop_methods import ShopMethod
from entrepot.domain.pricing.vat import NOTHING, Amount

PLANNED = "planned"
M = TypeVar("M", bound=ShopMethod)


class CartReading(Command, frozen=True):
    """What a reader loads, without changing anything, to see the totals of a channel's cart."""

    channel: int
    cart: int

    def wants(self, stage: Stage, view: View) -> Iterable[Hashable]:
        """Channel and cart; then what the cart leads to."""
        match stage:
            case Stage.CHANNEL:
                return (self.channel,)
            case Stage.CART:
                return (self.cart,)
            case _:
                cart = view.get(Cart, self.cart)
                return totals_want(stage, view, cart) if cart else ()


class LineTotal(msgspec.Struct, frozen=True):
    """What one line comes to. `unit` and `gross` are before, `total` is after discounts; `stored` is the unit price.

    `product` and `variant` are None, and all amounts nothing, where the line cannot be sold any more.
    """

    line: CartLine
    product: Product | None
    variant: Variant | None
    stored: int
    unit: Amount
    gross: Amount
    discount: Amount
    total: Amount
    vat_rate: int
    weight: Decimal


class CodeTotal(msgspec.Struct, frozen=True):
    """What one code of the cart takes off or pays, in minor units; a discount's as prices are stored."""

    code: CartCode
    amount: int


class Totals(msgspec.Struct, frozen=True):
    """What a cart comes to. `total` is the order's value, `due` what is left to pay after certificates.

    `goods` is after discounts, `spend` before them and as prices are stored; `method` is the planned way to pay.
    `country` is the one whose VAT counts.
    """

    lines: tuple[LineTotal, ...]
    spend: int
    goods: Amount
    discount: Amount
    delivery: Amount
    delivery_vat_rate: int
    delivery_offers: tuple[DeliveryOffer, ...]
    delivery_method: DeliveryMethod | None
    needs_delivery: bool
    fee: Amount
    fee_vat_rate: int
    rounding: int
    total: Amount
    codes: tuple[CodeTotal, ...]
    certificates: int
    due: int
    payment_methods: tuple[PaymentMethod, ...]
    method: PaymentMethod | None
    country: str


def total(cart: Cart, view: View, *, method: int | None = None) -> Totals:
    """Add a cart up, as if it were to be paid by `method`; None: as it is planned.

    Raises `LookupError` where the cart's channel was not loaded.
    """
    return _Sum(cart, view, method).run()


def totals_want(stage: Stage, view: View, cart: Cart) -> Iterable[Hashable]:
    """What the totals of a cart look at, stage by stage, once the cart and its channel are loaded."""
    match stage:
        case Stage.PAYMENT:
            return (cart.id,)
        case Stage.DISCOUNT:
            return [code.target for code in cart.codes if code.kind == "discount"]
        case Stage.DISCOUNT_USE:
            return uses_wanted(view, cart)
        case Stage.CERTIFICATE:
            return [code.target for code in cart.codes if code.kind == "certificate"]
        case Stage.ARTICLE:
            return products_of(view.children(CartLine, cart.id))
        case Stage.METHOD:
            return (cart.channel,)
        case Stage.BUYER:
            return () if cart.customer is None else (cart.customer,)
        case _:
            return ()


def uses_wanted(view: View, cart: Cart, *others: Discount) -> Iterable[Hashable]:
    """The uses of discounts by the cart's buyer that limits per customer look at."""
    buyers = buyer_names(cart, view)
    known = [view.get(Discount, code.target) for code in cart.codes if code.kind == "discount"]
    limited = [each for each in (*known, *others) if each and each.max_uses_per_customer is not None]
    return [(discount.id, buyer) for discount in limited for buyer in buyers]


def buyer_names(cart: Cart, view: View) -> tuple[str, ...]:
    """Who buys, by every name that is known: the customer, her addresses, and the one that the cart gives."""
    customer = None if cart.customer is None else view.get(Customer, cart.customer)
    own = (customer.email, customer.info.email) if customer else ()
    return discounts.names_of(cart.customer, cart.buyer.info.email, *own)


def products_of(lines: Sequence[CartLine]) -> set[int]:
    """The products of lines."""
    return {line.product_id for line in lines if line.product_id is not None}


def groups_of(cart: Cart, view: View) -> frozenset[int]:
    """The groups of the cart's customer."""
    customer = view.get(Customer, cart.customer) if cart.customer is not None else None
    return frozenset(customer.groups) if customer else frozenset()


def destination(cart: Cart, shop: ShopSettings) -> Destination:
    """Where the goods go: the delivery address, else the buyer's own, else the shop's country."""
    known = _goes_to(cart.buyer)
    return Destination(known.country or shop.vat_country, known.state)


def _goes_to(buyer: Buyer) -> ContactAddress | DeliveryAddress:
    """The address that counts; its country is empty as long as nobody has said it."""
    own, other = buyer.address, buyer.delivery_address
    return other if other.country and not other.copy_address else own


def vat_country(cart: Cart, shop: ShopSettings) -> str:
    """The country whose VAT counts: as an administrator says of a cart of its own, else by where the goods go."""
    if cart.session is None and cart.vat_country:
        return cart.vat_country
    return buyers_vat_country(cart.buyer, cart.vat_country, shop)


def buyers_vat_country(buyer: Buyer, wished: str | None, shop: ShopSettings) -> str:
    """Where the goods go; only as long as nobody knows, the country that the buyer names, else the shop's."""
    return _goes_to(buyer).country or wished or shop.vat_country


def planned_payment(cart: Cart, view: View) -> Payment | None:
    """The payment that the buyer has planned."""
    return next((p for p in view.children(Payment, cart.id) if p.state == PLANNED), None)


def certificates_of(cart: Cart, view: View) -> list[tuple[CartCode, Certificate]]:
    """The gift certificates whose codes the cart has, in the order in which they were added."""
    found = [(code, view.get(Certificate, code.target)) for code in cart.codes if code.kind == "certificate"]
    return [(code, certificate) for code, certificate in found if certificate is not None]


def discounts_of(cart: Cart, view: View) -> list[tuple[CartCode, Discount]]:
    """The discounts whose codes the cart has, in the order in which they were added."""
    found = [(code, view.get(Discount, code.target)) for code in cart.codes if code.kind == "discount"]
    return [(code, discount) for code, discount in found if discount is not None]


class _Sum:
    """One addition."""

    def __init__(self, cart: Cart, view: View, method: int | None) -> None:
        channel = view.get(Channel, cart.channel)
        if channel is None:
            raise LookupError(f"channel {cart.channel} was not loaded")
        self.cart, self.view, self.shop = cart, view, channel.settings.shop
        planned = planned_payment(cart, view)
        self.method = planned.method_id if planned and method is None else method
        self.currency = cart.currency
        self.to = destination(cart, self.shop)
        self.groups = groups_of(cart, view)
        self.country = vat_country(cart, self.shop)

    def run(self) -> Totals:
        plain = [self._line(line) for line in self.view.children(CartLine, self.cart.id)]
        spend = sum(stored for _, stored in plain)
        off, taken = self._discounts([stored for _, stored in plain], spend)
        lines = tuple(self._after(line, stored, cut) for (line, stored), cut in zip(plain, off, strict=True))
        goods = vat.summed(line.total for line in lines)
        offers = self._offers(sum((line.weight for line in lines), Decimal(0)))
        chosen = next((o for o in offers if o.method.id == self.cart.delivery_method), None)
        needed = self.shop.needs_delivery and any(
            line.product and line.product.requires_shipping for line in lines
        )
        sending = self._delivery(chosen, spend) if needed else NOTHING
        return self._paid(
            lines,
            spend,
            goods,
            offers,
            chosen if needed else None,
            needed=needed,
            sending=sending,
            taken=taken,
        )

    def _paid(
        self,
        lines: tuple[LineTotal, ...],
        spend: int,
        goods: Amount,
        offers: tuple[DeliveryOffer, ...],
        chosen: DeliveryOffer | None,
        *,
        needed: bool,
        sending: Amount,
        taken: list[CodeTotal],
    ) -> Totals:
        """Certificates pay first; only what is left has a fee and is rounded."""
        before = goods + sending
        spends = self._certificates(before.inc)
        certified = sum(spend.amount for spend in spends)
        methods = self._methods(before.inc - certified)
        method = next((m for m in methods if m.id == self.method), None)
        fee = self._fee(method) if method and before.inc > certified else NOTHING
        due, rounding = self._rounded((before + fee).inc - certified)
        return Totals(
            lines=lines,
            spend=spend,
            goods=goods,
            discount=vat.summed(line.discount for line in lines),
            delivery=sending,
            delivery_vat_rate=chosen.vat_rate if chosen else 0,
            delivery_offers=offers,
            delivery_method=chosen.method if chosen else None,
            needs_delivery=needed,
            fee=fee,
            fee_vat_rate=self._fee_rate(method) if method else 0,
            rounding=rounding,
            total=before + fee + Amount(rounding, rounding),
            codes=(*taken, *spends),
            certificates=certified,
            due=due,
            payment_methods=methods,
            method=method,
            country=self.country,
        )

    def _line(self, line: CartLine) -> tuple[LineTotal, int]:
        """The line before discounts, and what it costs as prices are stored."""
        product = self.view.get(Product, line.product_id) if line.product_id else None
        variant = self.view.get(Variant, line.variant_id) if line.variant_id else None
        if product is None or variant is None or variant.product != product.id:
            nothing = LineTotal(line, None, None, 0, NOTHING, NOTHING, NOTHING, NOTHING, 0, Decimal(0))
            return nothing, 0
        unit = selections.unit_price(product, variant, line.choices, self.currency, self.view) or 0
        weight = selections.unit_weight(variant, line.choices, self.view) * line.quantity
        stored = _times(unit, line.quantity, variant.scale)
        rate = vat.rate_in(self.country, product.vat_rate, self.shop)
        gross = self._split(stored, product.vat_rate, rate)
        each = self._split(unit, product.vat_rate, rate)
        whole = weight.scaleb(-variant.scale)
        return LineTotal(line, product, variant, unit, each, gross, NOTHING, gross, rate, whole), stored

    def _after(self, line: LineTotal, stored: int, cut: int) -> LineTotal:
        if not cut or line.product is None:
            return line
        left = self._split(stored - cut, line.product.vat_rate, line.vat_rate)
        return msgspec.structs.replace(line, total=left, discount=line.gross - left)

    def _split(self, stored: int, home: int, rate: int) -> Amount:
        return vat.split(stored, home, rate, included=self.shop.prices_include_vat)

    def _discounts(self, amounts: list[int], spend: int) -> tuple[list[int], list[CodeTotal]]:
        """What all codes take off each line, one code after the other of what is left."""
        left = list(amounts)
        taken: list[CodeTotal] = []
        for code, discount in discounts_of(self.cart, self.view):
            enough = discounts.spends_enough(discount, self.currency, spend)
            cuts = discounts.taken_off(discount, self.currency, left) if enough else [0] * len(left)
            left = [amount - cut for amount, cut in zip(left, cuts, strict=True)]
            taken.append(CodeTotal(code, sum(cuts)))
        return [amount - rest for amount, rest in zip(amounts, left, strict=True)], taken

    def _offers(self, weight: Decimal) -> tuple[DeliveryOffer, ...]:
        grams = int(weight.to_integral_value("ROUND_CEILING"))
        return tuple(
            offer
            for method in _in_order(self.view.children(DeliveryMethod, self.cart.channel))
            if (offer := delivery.offer(method, self.to, grams, self.currency, self.groups))
        )

    def _delivery(self, offer: DeliveryOffer | None, spend: int) -> Amount:
        if offer is None or delivery.is_free(offer.method, self.currency, spend) or self._freed(spend):
            return NOTHING
        return self._split(offer.price, offer.vat_rate, offer.vat_rate)

    def _freed(self, spend: int) -> bool:
        return any(
            discounts.frees_delivery(discount) and discounts.spends_enough(discount, self.currency, spend)
            for _, discount in discounts_of(self.cart, self.view)
        )

    def _certificates(self, amount: int) -> list[CodeTotal]:
        spends: list[CodeTotal] = []
        for code, certificate in certificates_of(self.cart, self.view):
            part = min(certificate.balance, amount) if certificate.currency == self.currency else 0
            spends.append(CodeTotal(code, part))
            amount -= part
        return spends

    def _methods(self, due: int) -> tuple[PaymentMethod, ...]:
        methods = _in_order(self.view.children(PaymentMethod, self.cart.channel))
        return tuple(method for method in methods if suits(method, self.currency, due, self.groups))

    def _fee(self, method: PaymentMethod) -> Amount:
        return self._split(method.fee.get(self.currency, 0), method.fee_vat_rate, self._fee_rate(method))

    def _fee_rate(self, method: PaymentMethod) -> int:
        return vat.rate_in(self.country, method.fee_vat_rate, self.shop)

    def _rounded(self, due: int) -> tuple[int, int]:
        """What is to be paid in the currency's coins, and what that adds or takes away."""
        step = max(self.shop.rounding.get(self.currency, 1), 1)
        rounded = (2 * due + step) // (2 * step) * step
        return rounded, rounded - due


def _times(unit: int, quantity: int, scale: int) -> int:
    ones = 10**scale
    return (2 * unit * quantity + ones) // (2 * ones)


def _in_order(methods: Sequence[M]) -> list[M]:
    return sorted(methods, key=lambda method: method.place)
