"""Nothing crosses workspaces, nor shops of one workspace: another's object is answered as one that nobody has.

The methods are those that the server describes, and the references those that the classes declare, so that none is
forgotten. That nothing tells a foreign uid from an unknown one is shown by comparing whole answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa

from entrepot.doors.textalk.app import CLASSES
from entrepot.doors.textalk.caller.context import Audience
from entrepot.doors.textalk.declare.declaration import ClassDecl, Field, Operation
from entrepot.doors.textalk.declare.shapes import Array, Mapped, Record, Scalar, Shape
from tests.conformance.harness import Client, Reply, Request, changed, read_state
from tests.conformance.harness.fixtures import OpenWebshop
from tests.conformance.harness.proof import assert_reply
from tests.conformance.textalk import answered, refusal
from tests.support.belongings import SHARED, Call, Caller, Uids, furnish, nobodys
from tests.support.webshop import PASSWORD, PATH, Webshop, patch

KINDS = {
    "Order": ("Order", "Cart"),
    "OrderItem": ("OrderItem", "CartItem"),
    "Payment": ("Payment", "CartPayment"),
}
"""What a class stands for; of every other class there is one object."""
PATCHES: Mapping[str, Sequence[Any]] = {
    "Order": ({"note": "x"}, {"deliveryStatus": "sent"}, {"currency": "XXX"}, {"delivery": {"method": 1}}),
    "OrderItem": ({"choices": {"quantity": 3}}, {"choices": {"x": 1}}, {"choices": {"1": {"data": "!"}}}),
    "Payment": ({"status": "paid"}, {"method": None}, {"status": "planned"}, {"status": "cancelled"}),
    "Suborder": ({"deliveryStatus": "sent"}, {"deliveryStatus": "unsent"}),
    "Customer": ({"password": "short"}, {"info": {"email": "x@example.com"}}, {"approved": False}),
    "Giftcertificate": ({"currency": "EUR"}, {"remainingValue": 100_000}),
    "EventListener": ({"eventName": "Order/paid"},),
    "Article": ({"stock": {"stock": 1}}, {"price": {"regular": {"SEK": 1}}}),
}
NAMELESS = frozenset(
    {
        "Admin.login", "Context.get", "Context.set", "Customer.confirmSignup", "Customer.login", "Customer.logout",
        "Customer.requestPasswordReset", "Customer.resetPassword", "Customer.signup", "Giftcertificate.generateCode",
        "Session.delete", "Session.get", "Session.getOrder", "Session.getSchema", "Session.getToken", "Session.set",
    }
)  # fmt: skip
"""Methods that name no object: what they say is the caller's own. Logins, codes and tokens have tests of their own."""


LEAST_FORCED = 5
"""So many references at least are columns of their own."""


@dataclass(frozen=True)
class Party:
    """A shop with one object of every class, and everybody who may call it."""

    admin: Caller
    visitor: Caller
    buyer: Caller
    uids: Uids
    session: str

    @property
    def callers(self) -> tuple[Caller, ...]:
        """An administrator, who has a session too, the buyer, and a visitor."""
        return (
            replace(self.admin, context={**self.admin.context, **self.buyer.context}),
            self.buyer,
            self.visitor,
        )


Both = tuple[Party, Party, frozenset[str]]


def kinds(decl: ClassDecl) -> tuple[str, ...]:
    return KINDS.get(decl.name, (decl.name,))


async def party(client: Client, webshop: Webshop, shop: str = "shop") -> Party:
    uids, session = await furnish(client, webshop, shop)
    auth = await webshop.administrator(shop)
    admin, visitor, buyer = (
        Caller(client, webshop, shop, context) for context in ({"auth": auth}, {}, {"session": session})
    )
    return Party(admin, visitor, buyer, uids, session)


@pytest.fixture(params=["workspaces", "shops"])
async def both(request: pytest.FixtureRequest, textalk: Client, open_webshop: OpenWebshop) -> Both:
    """Us, the others, and the classes whose objects we share with them."""
    edits = {f"channels/other/settings/{right}": True for right in ("may_edit_catalogue", "may_set_stock")}
    webshop = await open_webshop(edits)
    if request.param == "shops":
        return await party(textalk, webshop), await party(textalk, webshop, "other"), SHARED
    return await party(textalk, webshop), await party(textalk, await open_webshop()), frozenset()


def named(uids: Uids, own: Uids) -> Iterator[Call]:
    """Calls of every method that takes uids, with these for the others' objects and `own` for the caller's."""
    for decl in CLASSES.values():
        for kind in kinds(decl):
            for operation in decl.operations:
                yield from _common(decl, operation, uids[kind])
    yield from _own_methods(uids, own)


def _common(decl: ClassDecl, operation: Operation, uid: Any) -> Iterator[Call]:
    name = f"{decl.name}.{operation.value}"
    wanted = {"/uid": uid}
    match operation:
        case Operation.GET:
            yield from ((name, [uid]), (name, [uid, "uid"]))
        case Operation.LIST:
            yield from ((name, ["uid", {"filters": wanted}]), (name, [True, {"filters": wanted, "limit": 1}]))
        case Operation.COUNT:
            yield from ((name, [wanted]), (name, [{"/uid": {"in": [uid]}}]))
        case Operation.CREATE:
            yield name, [{"uid": uid}]
        case Operation.VALIDATE | Operation.NORMALIZE:
            yield name, [uid, {}]
        case Operation.SET:
            for each in ({}, {"nonsense": 1}, *PATCHES.get(decl.name, ())):
                yield name, [uid, each]
        case Operation.DELETE | Operation.GET_SCHEMA:
            yield name, [uid]


def _own_methods(uids: Uids, own: Uids) -> Iterator[Call]:
    yield from ((f"Url.{name}", [uids["Url"]]) for name in ("get", "lookup"))
    yield "EventListener.getLog", [uids["EventListener"]]
    yield "Webshop.get", [uids["Webshop"], "uid"]
    yield "Session.setCustomer", [uids["Customer"]]
    yield "Articlegroup.tree", [uids["Articlegroup"]]
    yield "Assortment.getArticleUids", [uids["Articlegroup"]]
    yield "Assortment.getArticlegroupUids", []
    yield "Article.search", ["no such words"]
    yield "Order.addArticle", [own["Cart"], uids["Article"]]
    for order in (uids["Order"], uids["Cart"]):
        yield from (
            ("Order.addArticle", [order, own["Article"]]),
            ("Order.addArticle", [order, own["Article"], {"x": 1}]),
        )
        yield from ((f"Order.{name}", [order, "CODE"]) for name in ("addDiscountCode", "removeDiscountCode"))
        yield from (("Order.checkout", [order]), ("Order.discard", [order]))
        yield from (("Order.lookupAddress", [order, {"identity": "1"}]), ("Order.lookupAddress", [order, {}]))
        yield "Payment.set", [None, {"order": order, "method": own["PaymentMethod"]}]
    for item in (uids["OrderItem"], uids["CartItem"]):
        yield "OrderItem.getFile", [item, own["ArticleChoice"]]
    for payment in (uids["Payment"], uids["CartPayment"]):
        yield from ((f"Payment.{name}", [payment]) for name in ("capture", "cancel", "refund"))
        yield from (("Payment.refund", [payment, 0.001]), ("Payment.refund", [payment, 10**6]))


async def test_every_method_that_the_server_describes_is_looked_at(textalk: Client) -> None:
    described = (await textalk.send(Request("GET", "/textalk/openrpc.json"))).json["methods"]
    uids = dict.fromkeys([*CLASSES, *(kind for kinds in KINDS.values() for kind in kinds)], 1)
    asked = {name for name, _ in named(uids, uids)}
    assert not asked & NAMELESS
    assert {method["name"] for method in described} == asked | NAMELESS


async def test_another_ones_object_is_answered_as_one_that_nobody_has(both: Both) -> None:
    ours, theirs, shared = both
    foreign = {name: uid for name, uid in theirs.uids.items() if name not in shared}
    unknown = nobodys(theirs.uids)
    before = await read_state(ours.admin.webshop.connection)
    for caller in ours.callers:
        asked = list(named({**unknown, **foreign}, ours.uids))
        answers = await caller.replies(asked)
        for call, answer, expected in zip(
            asked, answers, await caller.replies(list(named(unknown, ours.uids))), strict=True
        ):
            assert answer == expected, (call, caller.context)
    assert not changed(before, await read_state(ours.admin.webshop.connection))


async def test_lists_hold_nothing_of_others(both: Both) -> None:
    ours, theirs, shared = both
    listed = [
        decl for decl in CLASSES.values() if Operation.LIST in decl.operations and decl.name not in shared
    ]
    for caller in ours.callers:
        for decl in listed:
            reply = await caller.reply(f"{decl.name}.list", True)
            found = reply.get("result", [])
            foreign = {theirs.uids[kind] for kind in kinds(decl)}
            assert not foreign & {item["uid"] for item in found}, decl.name
            if "result" in reply:
                assert await caller(f"{decl.name}.count") == len(found), decl.name


def references(shape: Shape, own: Uids) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """The classes whose uids a value of that shape holds, each with how the value is made of one uid."""
    if isinstance(shape, Scalar) and shape.reference is not None:
        yield shape.reference, lambda uid: uid
    elif isinstance(shape, Array):
        for name, made in references(shape.items, own):
            yield name, lambda uid, made=made: [made(uid)]
    elif isinstance(shape, Record | Mapped):
        inner = shape.properties if isinstance(shape, Record) else {str(own["ArticleChoice"]): shape.values}
        for key, below in inner.items():
            for name, made in references(below, own):
                yield name, lambda uid, made=made, key=key: {key: made(uid)}


def referring(own: Uids) -> Iterator[tuple[ClassDecl, Field, str, Callable[[Any], Any]]]:
    """Every property that holds uids of another class."""
    for decl in CLASSES.values():
        for field in decl.fields:
            for name, made in references(field.shape, own):
                yield decl, field, name, made


def _patched(decl: ClassDecl, field: Field, value: Any, own: Uids) -> Iterator[Call]:
    """Calls that set a property, of what there is and of what is made."""
    for operation in (Operation.SET, Operation.VALIDATE):
        if operation in decl.operations:
            yield f"{decl.name}.{operation.value}", [own[kinds(decl)[-1]], {field.name: value}]
    if decl.name == "Payment" and field.name == "order":
        yield "Payment.set", [None, {"order": value, "method": own["PaymentMethod"]}]


async def test_another_ones_object_cannot_be_referred_to(both: Both) -> None:
    ours, theirs, shared = both
    unknown = nobodys(theirs.uids)
    before = await read_state(ours.admin.webshop.connection)
    seen: set[str] = set()
    for decl, field, name, made in referring(ours.uids):
        if field.write is None or name in shared or (decl.name, field.name) == ("Payment", "order"):
            continue
        caller = ours.admin if field.write is Audience.ADMIN else ours.buyer
        calls = list(_patched(decl, field, made(theirs.uids[name]), ours.uids))
        same = list(_patched(decl, field, made(unknown[name]), ours.uids))
        for call, answer, expected in zip(
            calls, await caller.replies(calls), await caller.replies(same), strict=True
        ):
            assert answer == expected, call
            refused = (
                answer["result"] if call[0].endswith("validate") else answer["error"]["code"] in {9001, 9003}
            )
            assert refused or call[0] == "Order.validate", (call, answer)
        seen |= {method for method, _ in calls}
    assert "DeliveryMethod.set" in seen
    assert not changed(before, await read_state(ours.admin.webshop.connection))


async def test_what_refers_to_another_ones_object_does_not_lead_there(both: Both) -> None:
    """References that no call can make, written into the tables."""
    ours, theirs, shared = both
    connection, workspace = ours.admin.webshop.connection, await ours.admin.webshop.id()
    forced = 0
    for decl, field, name, _ in referring(ours.uids):
        if name in shared or not _can_be_forced(decl, field):
            continue
        column: Any = field.column
        own, uid = ours.uids[kinds(decl)[-1]], theirs.uids[name]
        value = json.dumps([uid]) if isinstance(column.type, sa.JSON) else uid
        statement = f'update "{column.table.name}" set "{column.name}" = $3 where workspace = $1 and id = $2'
        await connection.execute(statement, workspace, own, value)
        query = {field.name: {"uid": True}}
        calls = {"Session": ("Session.get", [query])}
        for caller in ours.callers:
            reply = (await caller.replies([calls.get(decl.name, (f"{decl.name}.get", [own, query]))]))[0]
            assert reply.get("result", {}).get(field.name) in (None, []), (decl.name, field.name)
        forced += 1
    assert forced >= LEAST_FORCED


def _can_be_forced(decl: ClassDecl, field: Field) -> bool:
    """Whether the property is a column of the objects' own table, and the database takes any number there."""
    column: Any = field.column
    table: Any = getattr(column, "table", None)
    if not isinstance(table, sa.Table) or column.primary_key or table is not getattr(decl.uid, "table", None):
        return False
    return not any(key.contains_column(column) for key in table.foreign_key_constraints)


async def test_codes_of_others_are_invalid(both: Both) -> None:
    ours, theirs, _ = both
    for name in ("Discountcode", "Giftcertificate"):
        code = (await theirs.admin(f"{name}.get", theirs.uids[name], "code"))["code"]
        call = ours.buyer.webshop.call(
            "Order.addDiscountCode", ours.uids["Cart"], code, shop=ours.buyer.shop, **ours.buyer.context
        )
        reply = await ours.buyer.client.send(call)
        assert_reply(reply, refusal(2031, "Invalid discount code", code, page="invalid-discount-code"))


async def test_tokens_of_others_are_bad(both: Both) -> None:
    ours, theirs, _ = both
    auth = (await theirs.admin("AuthToken.create", {"name": "Integration"}))["uid"]
    for token in (theirs.admin.context["auth"], auth):
        assert_reply(
            await _in_shop(ours, "Article.list", auth=token), refusal(1004, "Bad auth token", status=401)
        )
    assert_reply(
        await _in_shop(ours, "Article.list", session=theirs.session), refusal(1005, "Bad session token")
    )
    checked = await _in_shop(
        ours, "Context.set", {"webshop": ours.uids["Webshop"], "session": theirs.session}
    )
    assert_reply(checked, refusal(1005, "Bad session token"))


async def _in_shop(ours: Party, method: str, *params: Any, **context: str) -> Reply:
    webshop = ours.visitor.webshop
    return await ours.visitor.client.send(webshop.call(method, *params, shop=ours.visitor.shop, **context))


async def test_customers_of_others_cannot_log_in(both: Both) -> None:
    ours, theirs, _ = both
    email = (await theirs.admin("Customer.get", theirs.uids["Customer"], "info"))["info"]["email"]
    assert await ours.buyer.code("Customer.login", email, PASSWORD) == 3001
    await theirs.visitor("Customer.requestPasswordReset", email)
    code = await theirs.visitor.webshop.code(email)
    assert await ours.visitor.code("Customer.resetPassword", code, "battery staple") == 3002
    assert await theirs.visitor("Customer.resetPassword", code, "battery staple") is None
    assert await theirs.buyer("Customer.login", email, "battery staple") == {"uid": theirs.uids["Customer"]}


async def test_signup_codes_of_others_are_bad_and_their_addresses_free(both: Both) -> None:
    ours, theirs, _ = both
    email = "eva@example.com"
    await theirs.visitor("Customer.signup", patch(email))
    code = await theirs.visitor.webshop.code(email)
    assert await ours.visitor.code("Customer.confirmSignup", code) == 3003
    assert (await theirs.visitor("Customer.confirmSignup", code)).keys() == {"uid"}
    assert (await ours.visitor("Customer.signup", patch(email))).keys() == {"uid"}


async def test_token_of_another_workspace_sees_no_more_of_a_shop_than_visitors(
    textalk: Client, open_webshop: OpenWebshop
) -> None:
    """A shop can be read by its uid alone, outside any shop's context."""
    ours, theirs = await open_webshop(), await open_webshop()
    request = theirs.call("Webshop.get", theirs.uids["shop"], ["uid", "created"])
    outside = replace(request, path=f"{PATH}?auth={await ours.administrator()}")
    assert_reply(await textalk.send(outside), refusal(1004, "Bad auth token", status=401))
    own = replace(request, path=f"{PATH}?auth={await theirs.administrator()}")
    assert_reply(await textalk.send(own), answered({"uid": theirs.uids["shop"], "created": ""}))
