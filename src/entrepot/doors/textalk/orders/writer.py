"""Carts, orders and their items: patches become the commands of buying."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypedDict, cast

import msgspec

from entrepot.domain.carts.details import CartPatch, CartSet, SetCart
from entrepot.domain.carts.lines import AddItem, CartItemSet, RemoveItem, SetItem
from entrepot.domain.carts.records import Cart
from entrepot.domain.carts.totals import Totals
from entrepot.domain.catalogue.selection import Chosen, NewFile
from entrepot.domain.channels.accounts import Environment
from entrepot.domain.checkout.edit_items import EditItems, ItemsEdited
from entrepot.domain.checkout.edit_order import EditOrder
from entrepot.domain.fulfilment.ship import LeaveUnsent, ShipUnits
from entrepot.domain.kernel.commands import Command, Refused
from entrepot.doors.kit import Services
from entrepot.doors.textalk.caller.context import Audience, Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.orders.declaration import offered
from entrepot.doors.textalk.orders.quotas import over_quota
from entrepot.doors.textalk.orders.rows import PART_FACTOR
from entrepot.doors.textalk.orders.sums import SHOWN, sum_of_cart
from entrepot.doors.textalk.pattern.row_writer import problems_of
from entrepot.doors.textalk.pattern.writer import Written
from entrepot.doors.textalk.query.fetch import Near
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError, invalid_params
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.json import Json, is_number, is_object
from entrepot.doors.textalk.wire.sentences import say

_UNSET: Final = msgspec.UNSET


class Whose(TypedDict):
    """Whose cart a command is about: a session's, or with an administrator nobody's."""

    channel: int
    environment: Environment
    session: int | None


def whose(context: Context) -> Whose:
    """If both are given, the administrator's token wins (decision textalk authority)."""
    shop, session = context.shop, context.session
    own = None if session is None or context.audience is Audience.ADMIN else session.id
    return Whose(channel=shop.channel, environment=shop.environment, session=own)


class Summing(TypedDict):
    """Whether a command tells what its cart comes to, and whether the buyer is shown that."""

    sums: bool
    shows: bool


def summing(context: Context, told: Mapping[str, bool], *others: str) -> Summing:
    """What the command behind an answer is to tell: nothing where a read is needed all the same.

    `told` are the properties that follow from a cart's totals, and whether they show these.
    """
    wanted = context.asked & told.keys() if context.asked <= {"uid", *told, *others} else ()
    return Summing(sums=bool(wanted), shows=any(told[name] for name in wanted))


def needs_session(context: Context) -> RpcError | None:
    """Why a cart cannot be made: 1008 (decision textalk item 14)."""
    return RpcError(Code.SESSION_MISSING) if context.audience is Audience.ANONYMOUS else None


def may_name(context: Context) -> RpcError | None:
    """Why no cart or order can be named: a visitor without a session sees none."""
    return RpcError(Code.OBJECT_NOT_FOUND) if context.audience is Audience.ANONYMOUS else None


class Buying:
    """What the writers of this module share."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self, context: Context, command: Command) -> Any | RpcError:
        """What a command came to."""
        outcome = await self._services.engine.execute_anew(context.shop.workspace, command)
        return rpc_error(outcome.failures[0]) if isinstance(outcome, Refused) else outcome

    async def value(self, context: Context, statement: str, uid: int, *more: object) -> int | None:
        """One number that a plain read gives for a uid, and what else it asks for."""
        async with self._services.reads.acquire() as connection:
            return cast(
                "int | None", await connection.fetchval(statement, context.shop.workspace, uid, *more)
            )

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """Nothing beyond the schema."""
        del context, decl, uid, patch
        return ()


def _cart_sums(context: Context, cart: Cart, totals: Totals) -> dict[str, Json]:
    """Of the properties that are asked for those that follow from a cart's totals."""
    found = sum_of_cart(cart, totals)
    shown = {name: show(found) for name, show in SHOWN.items() if name in context.asked}
    return {**offered(totals), **shown}


def _offers_of(totals: Totals) -> Near:
    """What is on offer for a cart, by class."""
    return {
        "DeliveryMethod": {offer.method.id: offer.method for offer in totals.delivery_offers},
        "PaymentMethod": {method.id: method for method in totals.payment_methods},
    }


_TOLD: Final = {"deliveryMethods": False, "paymentMethods": False, **dict.fromkeys(SHOWN, True)}
"""Properties that follow from a cart's totals, and whether they show what it comes to."""
_OWN: Final = ("currency", "language", "note")
"""Properties that stand in the cart."""
_MARKS: Final[Mapping[str, str]] = {"tags": "tags", "externalOrderNumber": "external_number"}
"""Notes of the shop's systems, and how the order keeps them."""
_OF_THE_SHOP: Final = frozenset({"deliveryStatus", *_MARKS})
"""What of an order is the shop's to say, once it is placed."""
IS_PLACED: Final = "select 1 from orders where workspace = $1 and id = $2"
_IS_CART: Final = """
select 1 from carts
where workspace = $1 and id = $2 and channel = $3 and environment = $4 and session is null and expires_at > $5
"""


class OrderWriter(Buying):
    """Writes carts: who buys, how it is sent, in which currency; and of an order that it was sent."""

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Change the cart, made if the session has none; 1008, 2090, 9003."""
        del decl
        asked = await self._asked(context, uid, patch)
        done = asked if isinstance(asked, RpcError) else await self.run(context, asked)
        if not isinstance(done, CartSet):
            return done if isinstance(done, RpcError) else Written(cast("Uid", uid))
        cart = done.cart
        known: dict[str, Json] = {name: getattr(cart, name) for name in _OWN}
        if done.totals is None:
            return Written(cart.id, known)
        return Written(cart.id, known | _cart_sums(context, cart, done.totals), near=_offers_of(done.totals))

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """What the rules would say of the patch's values; whether the caller may store it at all is not asked."""
        del decl
        asked = await self._asked(context, uid, patch)
        if isinstance(asked, RpcError):
            return ()
        async with self._services.reads.acquire() as connection:
            outcome = await self._services.engine.rehearse(connection, context.shop.workspace, asked)
        found = problems_of(rpc_error(outcome.failures[0])) if isinstance(outcome, Refused) else ()
        return () if isinstance(found, RpcError) else found

    async def _asked(
        self, context: Context, uid: Uid | None, patch: Mapping[str, Json]
    ) -> SetCart | EditOrder | RpcError:
        """The command that a patch comes to, or why there is none."""
        refusal = needs_session(context) if uid is None else may_name(context)
        if refusal is not None:
            return refusal
        by_shop = context.audience is Audience.ADMIN
        if not by_shop and not patch.keys().isdisjoint(_OF_THE_SHOP):
            return RpcError(Code.FORBIDDEN)
        number = None if uid is None else int(uid)
        if by_shop and number is not None and await self.value(context, IS_PLACED, number):
            return _edit(context, number, patch)
        if patch.get("deliveryStatus") == "sent" or not patch.keys().isdisjoint(_MARKS):
            return await self._not_placed(context, number)
        return SetCart(**whose(context), **summing(context, _TOLD, *_OWN), cart=number, patch=_wishes(patch))

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """Orders are discarded, not deleted: the class has no such method."""
        del context, decl, uid
        return RpcError(Code.METHOD_NOT_FOUND)

    async def _not_placed(self, context: Context, uid: int | None) -> RpcError:
        """Why an administrator can say of this only what is said of orders: 2090 for a cart of the shop's, 9003."""
        shop = context.shop
        seen = (shop.channel, shop.environment, self._services.clock.now())
        known = uid is None or await self.value(context, _IS_CART, uid, *seen)
        return RpcError(Code.ORDER_LOCKED if known else Code.OBJECT_NOT_FOUND)


def _edit(context: Context, uid: int, patch: Mapping[str, Json]) -> EditOrder:
    """What was placed changes in one step, or not at all."""
    return EditOrder(
        order=uid,
        asks=context.asker,
        patch=_wishes(patch),
        marks={kept: patch[name] for name, kept in _MARKS.items() if name in patch},
        status=cast("Any", patch.get("deliveryStatus")),
    )


def _wishes(patch: Mapping[str, Json]) -> CartPatch:
    delivery, customer = patch.get("delivery"), patch.get("customer")
    method: Any = delivery.get("method", _UNSET) if is_object(delivery) else _UNSET
    return CartPatch(
        currency=cast("Any", patch.get("currency", _UNSET)),
        language=cast("Any", patch.get("language", _UNSET)),
        vat_country=cast("Any", patch.get("vatCountry", _UNSET)),
        note=cast("Any", patch.get("note", _UNSET)),
        delivery_method=method,
        buyer=dict(customer) if is_object(customer) else _UNSET,
    )


class SuborderWriter(Buying):
    """Writes parts of orders: that they were sent."""

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Send the part; "Shipped" is another word for it (decision textalk item 29)."""
        del decl
        if uid is None:
            return RpcError(Code.OBJECT_NOT_FOUND)
        if patch.get("deliveryStatus") is None:
            return Written(uid, unseen=True)
        order, part = divmod(int(uid), PART_FACTOR)
        command = LeaveUnsent if patch["deliveryStatus"] == "unsent" else ShipUnits
        done = await self.run(context, command(order=order, part=part, asks=context.asker))
        return done if isinstance(done, RpcError) else Written(uid)

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """The class has no such method."""
        del context, decl, uid
        return RpcError(Code.METHOD_NOT_FOUND)


_CART_OF: Final = """
select cart from cart_lines where workspace = $1 and id = $2
union all select "order" from order_lines where workspace = $1 and id = $2
"""


def item_change(
    context: Context, item: AddItem | SetItem | RemoveItem, *, placed: object
) -> AddItem | SetItem | RemoveItem | EditItems:
    """The change of an item; of what was placed, by an administrator, it places the order anew."""
    if not (placed and item.cart is not None and context.audience is Audience.ADMIN):
        return item
    return EditItems(order=item.cart, asks=context.asker, item=msgspec.structs.replace(item, sums=False))


class ItemWriter(Buying):
    """Changes and removes items of carts, and of orders for administrators."""

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Another quantity or choice; 2001, 2070, 2090, 9003. Only Order.addArticle makes items."""
        del decl
        wanted = read_choices(patch.get("choices", {}), "/1/choices")
        if isinstance(wanted, RpcError):
            return wanted
        cart = None if uid is None else await self._cart(context, int(uid))
        if uid is None or cart is None:
            return RpcError(Code.OBJECT_NOT_FOUND)
        if over := await over_quota(self._services.engine, context, wanted.answers):
            return over
        command = SetItem(
            **whose(context), cart=cart, line=int(uid), quantity=wanted.quantity, choices=wanted.answers
        )
        done = await self._changed(context, command)
        return Written(uid) if isinstance(done, CartItemSet | ItemsEdited) else cast("RpcError", done)

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """Take the item out; 2090, 9003."""
        del decl
        cart = await self._cart(context, int(uid))
        if cart is None:
            return RpcError(Code.OBJECT_NOT_FOUND)
        done = await self._changed(context, RemoveItem(**whose(context), cart=cart, line=int(uid)))
        return done if isinstance(done, RpcError) else None

    async def _changed(self, context: Context, item: SetItem | RemoveItem) -> Any | RpcError:
        placed = await self.value(context, IS_PLACED, item.cart or 0)
        return await self.run(context, item_change(context, item, placed=placed))

    async def _cart(self, context: Context, uid: int) -> int | None:
        if may_name(context) is not None:
            return None
        return await self.value(context, _CART_OF, uid)


class Wanted(msgspec.Struct, frozen=True):
    """How many of an article, with which answers; a quantity of None stays as it is."""

    quantity: Decimal | None
    answers: dict[int, Chosen]


def read_choices(given: Json, pointer: str) -> Wanted | RpcError:
    """`{"quantity": n, "<choiceUid>": option uid, text, number or file}`; -32602 for anything else."""
    if not is_object(given):
        return Wanted(None, {}) if given is None or given == [] else _wrong(pointer)
    answers: dict[int, Chosen] = {}
    quantity: Decimal | None = None
    for name, value in given.items():
        if name == "quantity":
            quantity = _decimal(value)
            if quantity is None:
                return _wrong(f"{pointer}/quantity")
        elif value is not None:
            answer = _answer(value)
            if answer is None or not _is_uid(name):
                return _wrong(f"{pointer}/{name}")
            answers[int(name)] = answer
    return Wanted(quantity, answers)


def _answer(value: Json) -> Chosen | None:
    """2070 is the core's word for a file that cannot be: here it is empty, and nothing empty is taken."""
    if is_object(value):
        name, kind, data = (value.get(key) for key in ("name", "type", "data"))
        content = _decoded(data) if isinstance(data, str) else b""
        return NewFile(str(name or "")[:255], str(kind or "")[:255], content)
    if isinstance(value, str):
        return value
    if is_number(value):
        return value if isinstance(value, int) else Decimal(str(value))
    return None


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _decimal(value: Json) -> Decimal | None:
    if is_number(value):
        return Decimal(str(value))
    text = value.strip() if isinstance(value, str) else ""
    plain = text.replace(".", "", 1)
    return Decimal(text) if plain.isascii() and plain.isdigit() and len(text) <= 30 else None


def _is_uid(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) <= 16


def _wrong(pointer: str) -> RpcError:
    return invalid_params([Problem(pointer, say("patch.invalid"))])
