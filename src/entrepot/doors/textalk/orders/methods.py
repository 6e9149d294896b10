"""Order and Payment beyond the common methods: into the cart, codes, checkout, money (decision textalk item 26)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, cast

from entrepot.domain.carts.codes import AddCode, CodesSet, RemoveCode
from entrepot.domain.carts.command import CartCommand
from entrepot.domain.carts.lines import AddItem, CartItemSet
from entrepot.domain.catalogue.selection import NewFile
from entrepot.domain.checkout.discard import Discarded, DiscardOrder
from entrepot.domain.checkout.edit_items import ItemsEdited
from entrepot.domain.kernel.commands import Refused
from entrepot.domain.kernel.money import read_amount
from entrepot.domain.orders.payments import LONGEST_KEY, is_key
from entrepot.domain.payments.capture import CancelPayment, CapturePayment
from entrepot.domain.placing.place import Placed
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.caller.tries import coupon_try
from entrepot.doors.textalk.declare.declaration import Uid
from entrepot.doors.textalk.declare.money import not_held, positive
from entrepot.doors.textalk.orders.address_lookup import methods as lookup_methods
from entrepot.doors.textalk.orders.address_lookup import named_order
from entrepot.doors.textalk.orders.declaration import placed
from entrepot.doors.textalk.orders.files import methods as file_methods
from entrepot.doors.textalk.orders.items import costs_in
from entrepot.doors.textalk.orders.payment_writer import OF_PAYMENT, Known
from entrepot.doors.textalk.orders.quotas import over_quota
from entrepot.doors.textalk.orders.writer import (
    IS_PLACED,
    Wanted,
    item_change,
    needs_session,
    read_choices,
    summing,
    whose,
)
from entrepot.doors.textalk.pattern.arguments import NULL, QUERY, TEXT, UID, UID_OR_NULL, argument
from entrepot.doors.textalk.pattern.dependencies import Parts
from entrepot.doors.textalk.pattern.methods import read_uid
from entrepot.doors.textalk.pattern.schemas import object_of
from entrepot.doors.textalk.query import fetch
from entrepot.doors.textalk.query.projection import Projection
from entrepot.doors.textalk.rpc.methods import Method, Param
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError, invalid_params
from entrepot.doors.textalk.wire.failures import not_stored, rpc_error
from entrepot.doors.textalk.wire.json import Json, is_number, is_object
from entrepot.doors.textalk.wire.sentences import say
from entrepot.engine.money.capture import ask_again_at
from entrepot.engine.money.refund import refund_order
from entrepot.failures import Failure
from entrepot.failures.access import TooManyTries

_UID: Final = Param("uid", UID)
_UID_OR_NULL: Final = Param("uid", UID_OR_NULL)
_CODE: Final = Param("code", TEXT)
_ORDER, _ITEM, _PAYMENT = object_of("Order"), object_of("OrderItem"), object_of("Payment")
MAX_CODE: Final = 64
_NO_CODE: Final = (Code.INVALID_DISCOUNT_CODE, Code.INVALID_GIFT_CERTIFICATE)
"""Codes that do not count: what is nobody's, and what is over."""


def methods(parts: Parts) -> Iterator[Method]:
    """The methods of carts, orders and payments."""
    own = _Orders(parts)
    article = Param("article", {"type": ["integer", "string"]})
    choices = Param("choices", {"type": ["object", "array", "null"]}, required=False)
    options = Param("options", {"type": ["object", "null"]}, required=False)
    yield Method(
        "Order.addArticle",
        "Puts an article into the cart, made if the uid is null",
        own.add,
        (_UID_OR_NULL, article, choices, QUERY, options),
        _ITEM,
        logged=True,
    )
    codes = (_UID, _CODE, QUERY)
    yield Method(
        "Order.addDiscountCode",
        "Adds a discount or certificate code",
        own.add_code,
        codes,
        _ORDER,
        logged=True,
    )
    yield Method("Order.removeDiscountCode", "Removes a code", own.remove_code, codes, _ORDER, logged=True)
    token = Param("options", {"type": ["object", "null"]}, required=False, secret=True)
    yield Method("Order.checkout", "Places the cart", own.checkout, (_UID, QUERY, token), _ORDER, logged=True)
    yield Method("Order.discard", "Throws a cart or order away", own.discard, (_UID,), NULL, logged=True)
    yield from lookup_methods(parts)
    yield from file_methods(parts)
    admin = Audience.ADMIN
    pay = (_UID, QUERY)
    yield Method(
        "Payment.capture", "Collects a payment", own.capture, pay, _PAYMENT, audience=admin, logged=True
    )
    yield Method(
        "Payment.cancel", "Gives a payment up", own.cancel, pay, _PAYMENT, audience=admin, logged=True
    )
    named = Param("options", {"type": ["object", "null"]}, required=False)
    amount = Param("amount", {"type": ["number", "null"]}, required=False)
    yield Method(
        "Payment.refund",
        "Gives money back",
        own.refund,
        (_UID, amount, QUERY, named),
        _PAYMENT,
        audience=admin,
        logged=True,
    )


class _Orders:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def add(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[order or null, article, choices, query?, options?]`: the item; 2001, 2070, 2090, 9003."""
        order = None if params[0] is None else self._order(context, params[0])
        refusal = needs_session(context) if order is None else None
        if refusal is not None or isinstance(order, RpcError):
            return refusal or cast("RpcError", order)
        projection = self._parts.classes["OrderItem"].projection(context, argument(params, 3) or "uid")
        article = read_uid(params[1], self._parts.classes["Article"].decl, "/1")
        wanted = read_choices(argument(params, 2), "/2")
        for refused in (projection, article, wanted):
            if isinstance(refused, RpcError):
                return refused
        if context.shop.login_required and not context.may_see_goods:
            return RpcError(Code.OBJECT_NOT_FOUND)
        if over := await over_quota(self._parts.services.engine, context, cast("Wanted", wanted).answers):
            return over
        context = fetch.asking(context, cast("Projection", projection))
        item = self._adding(context, order, article, wanted, argument(params, 4))
        placed = order is not None and await self._parts.read(IS_PLACED, context.shop.workspace, order)
        done = await self._parts.run(context, item_change(context, item, placed=placed))
        if not isinstance(done, CartItemSet | ItemsEdited):
            return not_stored(done) if _has_file(wanted) else cast("RpcError", done)
        return await self._item(context, projection, done)

    def _adding(
        self, context: Context, order: Uid | None, article: Any, wanted: Any, options: Json
    ) -> AddItem:
        """`fastVerify` leaves the other lines as they are (decision textalk item 31)."""
        fast = is_object(options) and options.get("fastVerify") is True
        return AddItem(
            **whose(context),
            **summing(context, {"costs": False}, "order", "article"),
            cart=None if order is None else int(order),
            article=int(article),
            choices=wanted.answers,
            quantity=Decimal(1) if wanted.quantity is None else wanted.quantity,
            refresh=not fast,
        )

    async def _item(
        self, context: Context, projection: Any, done: CartItemSet | ItemsEdited
    ) -> Json | RpcError:
        known: dict[str, Json] = {"uid": done.item}
        if isinstance(done, CartItemSet):
            known |= {"order": done.cart.id, "article": done.line.product_id}
            known |= costs_in(done.cart, done.totals, done.line) if done.totals else {}
        return await fetch.told(self._parts.classes["OrderItem"].reads, context, projection, known)

    async def add_code(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """2030, 2031, 2032, 2050, 2051, 2052, 2090. Whoever tries too many that do not count hears 2031 for a while."""
        if context.administrator is not None:
            return await self._code(context, params, AddCode)
        guess, guesses, workspace = coupon_try(context), self._parts.services.guesses, context.shop.workspace
        over = await guesses.count(workspace, guess)
        if over is not None:
            return _no_more_codes(over, params[1])
        done = await self._code(context, params, AddCode)
        if not (isinstance(done, RpcError) and done.code in _NO_CODE):
            await guesses.take_back(workspace, guess)
        return done

    async def remove_code(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """2031 for one that the cart does not have."""
        return await self._code(context, params, RemoveCode)

    async def _code(
        self, context: Context, params: Sequence[Json], command: type[AddCode] | type[RemoveCode]
    ) -> Json | RpcError:
        order, code = self._order(context, params[0]), params[1]
        if isinstance(order, RpcError):
            return order
        if not isinstance(code, str) or len(code) > MAX_CODE:
            return invalid_params([Problem("/1", say("patch.type", expected="string"))])
        projection = self._parts.classes["Order"].projection(context, argument(params, 2) or "uid")
        if isinstance(projection, RpcError):
            return projection
        done = await self._parts.run(context, command(**whose(context), cart=int(order), code=code.strip()))
        if not isinstance(done, CodesSet):
            return cast("RpcError", done)
        return await fetch.told(self._parts.classes["Order"].reads, context, projection, {"uid": order})

    async def checkout(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[order, query?, {"token": card token}?]`: the placed order (decision textalk second reading 7)."""
        order = self._order(context, params[0])
        if isinstance(order, RpcError):
            return order
        projection = self._parts.classes["Order"].projection(context, argument(params, 1) or "uid")
        if isinstance(projection, RpcError):
            return projection
        options = argument(params, 2)
        token = options.get("token") if is_object(options) else None
        if token is not None and not (isinstance(token, str) and len(token) <= 255):
            return invalid_params([Problem("/2/token", say("patch.type", expected="string"))])
        shop = context.shop
        cart = CartCommand(**whose(context), cart=int(order))
        outcome = await self._parts.services.cart_payment.check_out(
            shop.workspace, shop.settings, cart, token if isinstance(token, str) else None
        )
        if not isinstance(outcome, Placed):
            return _refusal(outcome)
        known = {"uid": order, **placed(outcome.order, outcome.lines, projection.names)}
        return await fetch.told(self._parts.classes["Order"].reads, context, projection, known)

    async def discard(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """Null; 2090 for what was placed, if a buyer asks, or sent or paid."""
        order = self._order(context, params[0])
        if isinstance(order, RpcError):
            return order
        done = await self._parts.run(context, DiscardOrder(**whose(context), cart=int(order)))
        return None if isinstance(done, Discarded) else cast("RpcError", done)

    async def capture(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """A payment by hand is paid from now on; a card's reservation is taken: 2010, 9005."""
        return await self._pay(context, params, CapturePayment)

    async def cancel(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """A card's reservation is let go at its provider; 2060, 2062, 9005."""
        return await self._pay(context, params, CancelPayment)

    async def _pay(
        self,
        context: Context,
        params: Sequence[Json],
        command: type[CapturePayment] | type[CancelPayment],
    ) -> Json | RpcError:
        found = await self._payment(context, params[0])
        if isinstance(found, RpcError):
            return found
        uid, known = found
        projection = self._parts.classes["Payment"].projection(context, argument(params, 1) or "uid")
        if isinstance(projection, RpcError):
            return projection
        shop = context.shop
        asking = command(order=known.order, payment=int(uid), asks=context.asker, ask_again_at=ask_again_at())
        outcome = await self._parts.services.cart_payment.move(shop.workspace, asking)
        if isinstance(outcome, Refused):
            return rpc_error(outcome.failures[0])
        return await fetch.get(self._parts.classes["Payment"].reads, context, projection, uid)

    async def refund(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        """`[payment, amount?, query?, {"key": text}?]`: all that is left if no amount is given; 2061, 2063.

        Under a key of the caller's the same call gives the money back once, however often it is sent. 9005 where the
        provider was not reached, or did not say: then the money counts as given back until it has.
        """
        found = await self._payment(context, params[0])
        if isinstance(found, RpcError):
            return found
        uid, known = found
        amount = argument(params, 1)
        minor = read_amount(amount, known.currency) if is_number(amount) else None
        if is_number(amount) and amount <= 0:
            return invalid_params([positive()])
        if amount is not None and minor is None:
            return invalid_params([not_held("/1", known.currency)])
        projection = self._parts.classes["Payment"].projection(context, argument(params, 2) or "uid")
        if isinstance(projection, RpcError):
            return projection
        options, shop = argument(params, 3), context.shop
        key = options.get("key") if is_object(options) else None
        if key is not None and not (isinstance(key, str) and is_key(key)):
            return invalid_params([Problem("/3/key", say("pay.key", limit=LONGEST_KEY))])
        asks = context.asker
        command = refund_order(known.order, "", amount=minor, payment=int(uid), asks=asks, key=key)
        outcome = await self._parts.services.cart_payment.refund(shop.workspace, command)
        if isinstance(outcome, Refused):
            return rpc_error(outcome.failures[0])
        return await fetch.get(self._parts.classes["Payment"].reads, context, projection, uid)

    async def _payment(self, context: Context, raw: Json) -> tuple[Uid, Known] | RpcError:
        """A payment that the caller sees: nothing is said of others, not even that their currency cannot hold a sum."""
        entry = self._parts.classes["Payment"]
        uid, only = read_uid(raw, entry.decl), entry.projection(context, "uid")
        if isinstance(uid, RpcError) or isinstance(only, RpcError):
            return uid if isinstance(uid, RpcError) else cast("RpcError", only)
        seen = await fetch.get(entry.reads, context, only, uid)
        if isinstance(seen, RpcError):
            return seen
        rows = await self._parts.read(OF_PAYMENT, context.shop.workspace, uid)
        return (uid, Known(*rows[0])) if rows else RpcError(Code.OBJECT_NOT_FOUND)

    def _order(self, context: Context, raw: Json) -> Uid | RpcError:
        return named_order(self._parts, context, raw)


def _no_more_codes(over: Failure, code: Json) -> RpcError:
    """The refusal of a code that nobody has, for one too many; another failure is said as it is."""
    if not isinstance(over, TooManyTries):
        return rpc_error(over)
    return RpcError(Code.INVALID_DISCOUNT_CODE, str(code)[:MAX_CODE], over)


def _has_file(wanted: Any) -> bool:
    return any(isinstance(answer, NewFile) for answer in wanted.answers.values())


def _refusal(outcome: object) -> RpcError:
    if not isinstance(outcome, Refused):
        raise TypeError(f"a checkout came to {type(outcome).__name__}")
    return rpc_error(outcome.failures[0])
