"""JSON-RPC 2.0 to the letter, and the order of the checks."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect

from entrepot.domain.channels.accounts import ChannelSettings
from entrepot.doors.kit import Request
from entrepot.doors.textalk.caller.context import (
    Administrator,
    Audience,
    Context,
    NoContext,
    RawContext,
    Webshop,
    resolve,
)
from entrepot.doors.textalk.rpc.dispatch import Dispatcher
from entrepot.doors.textalk.rpc.endpoint import MAX_MESSAGE, answer
from entrepot.doors.textalk.rpc.methods import Method, Param, method_table
from entrepot.doors.textalk.transport.routes import PATH, textalk_app
from entrepot.doors.textalk.wire.errors import MESSAGES, Code, RpcError
from entrepot.doors.textalk.wire.json import Json
from entrepot.doors.textalk.wire.settings import webshop_settings
from entrepot.store.sharing import Bill, Flow
from tests.doors.kit.serving import Seen, serve
from tests.doors.textalk.shop import Lookups

IN_SHOP = RawContext(webshop="22222")
SESSION = "a" * 32


class Counter:
    def __init__(self) -> None:
        self.calls: list[Sequence[Json]] = []

    async def __call__(self, context: Context, params: Sequence[Json]) -> Json | RpcError:
        self.calls.append(params)
        return len(self.calls)


async def nothing(context: Context, params: Sequence[Json]) -> Json | RpcError:
    return None


async def unwritable(context: Context, params: Sequence[Json]) -> Json | RpcError:
    return object()  # pyright: ignore[reportReturnType]


async def broken(context: Context, params: Sequence[Json]) -> Json | RpcError:
    raise RuntimeError


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def noted(context: Context) -> None:
    """No method of these shows a cart."""
    raise AssertionError(context.seen)


@pytest.fixture
def lookups() -> Lookups:
    return Lookups()


@pytest.fixture
def dispatcher(counter: Counter, lookups: Lookups) -> Dispatcher:
    one = (Param("value", required=False),)
    return Dispatcher(
        method_table(
            [
                Method("Test.count", "", counter, one),
                Method("Test.needs", "", counter, (Param("value"),)),
                Method("Test.null", "", nothing),
                Method("Test.broken", "", broken),
                Method("Test.unwritable", "", unwritable),
                Method("Test.anywhere", "", nothing, needs_webshop=False),
                Method("Test.login", "", nothing, carries_credentials=True, needs_session=True),
                Method("Test.admin", "", nothing, (Param("value"),), audience=Audience.ADMIN),
                Method("Test.hidden", "", nothing, available=lambda context: context.session is not None),
            ]
        ),
        lookups,
        noted,
    )


async def ask(dispatcher: Dispatcher, message: object, raw: RawContext = IN_SHOP) -> Any:
    text = message if isinstance(message, bytes) else msgspec.json.encode(message)
    body = (await answer(dispatcher, raw, text)).body
    return None if body is None else msgspec.json.decode(body)


def call(method: str, *params: object, **more: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params, **more}


async def code(dispatcher: Dispatcher, message: object, raw: RawContext = IN_SHOP) -> int:
    return (await ask(dispatcher, message, raw))["error"]["code"]


@pytest.mark.parametrize("given", ["x", "", 0, -7, 1.5, 10**30, None])
async def test_echoes_the_id_with_its_type(dispatcher: Dispatcher, given: object) -> None:
    text = b'{"jsonrpc":"2.0","method":"Test.null","id":' + str(given).encode() + b"}"
    if isinstance(given, str) or given is None:
        text = msgspec.json.encode(call("Test.null", id=given))
    body = (await answer(dispatcher, IN_SHOP, text)).body
    expected = msgspec.json.encode(given) if not isinstance(given, int) else str(given).encode()
    assert body == b'{"jsonrpc":"2.0","id":' + expected + b',"result":null}'


async def test_a_notification_runs_and_is_not_answered(dispatcher: Dispatcher, counter: Counter) -> None:
    assert await ask(dispatcher, {"jsonrpc": "2.0", "method": "Test.count"}) is None
    assert await ask(dispatcher, {"jsonrpc": "2.0", "method": "No.such"}) is None
    assert len(counter.calls) == 1


async def test_a_batch_runs_in_order_and_answers_in_order(dispatcher: Dispatcher) -> None:
    notification = {"jsonrpc": "2.0", "method": "Test.count"}
    replies = await ask(dispatcher, [call("Test.count", id="a"), notification, 5, call("Test.count", id="b")])
    assert [reply["id"] for reply in replies] == ["a", None, "b"]
    assert replies[0]["result"] == 1
    assert replies[1]["error"]["code"] == -32600
    assert replies[2]["result"] == 3
    assert await ask(dispatcher, [notification]) is None


@pytest.mark.parametrize(
    "message",
    [
        [],
        5,
        {},
        {"jsonrpc": "1.0", "method": "Test.null", "id": 1},
        {"jsonrpc": "2.0", "method": 1, "id": 1},
        {"jsonrpc": "2.0", "method": "Test.null", "id": True},
        {"jsonrpc": "2.0", "method": "Test.null", "id": {}},
        {"jsonrpc": "2.0", "method": "Test.null", "id": 1, "params": "bar"},
        {"jsonrpc": "2.0", "method": "Test.null", "id": 1, "params": None},
        [call("Test.null")] * 101,
    ],
)
async def test_what_is_no_request_is_refused(dispatcher: Dispatcher, message: object) -> None:
    reply = await ask(dispatcher, message)
    assert reply["id"] is None
    assert reply["error"]["code"] == -32600
    assert isinstance(reply["error"]["data"], str)


async def test_a_hundred_requests_are_a_batch(dispatcher: Dispatcher) -> None:
    assert len(await ask(dispatcher, [call("Test.null")] * 100)) == 100


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"NaN", b'"\\ud800"', b'"\0"'])
async def test_what_is_no_json_is_a_parse_error(dispatcher: Dispatcher, text: bytes) -> None:
    assert await ask(dispatcher, text) == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32700, "message": "Parse error"},
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"[" * 1_000 + b"]" * 1_000, "Objects and arrays nest deeper than 64 levels."),
        (b'[{"a":"\\u0000"}]', "A text contains the character U+0000."),
        (b'{"\\u0000":1}', "A text contains the character U+0000."),
        (b"1e999", "A number is out of range."),
        (b"9" * 9_999, "A number is out of range."),
    ],
)
async def test_json_that_is_not_taken_is_an_invalid_request_that_says_why(
    dispatcher: Dispatcher, text: bytes, sentence: str
) -> None:
    assert await ask(dispatcher, text) == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32600, "message": "Invalid Request", "data": sentence},
    }


async def test_only_a_file_may_be_large(dispatcher: Dispatcher) -> None:
    large = "x" * MAX_MESSAGE
    assert await code(dispatcher, call("Test.count", large)) == -32600
    assert await code(dispatcher, call("Test.count", large + "Order.addArticle")) == -32600
    assert await code(dispatcher, call("Order.addArticle", large)) == -32601
    assert await code(dispatcher, [call("Order.addArticle", large), call("Test.null")]) == -32600
    assert await code(dispatcher, call("Order.addArticle", large * 10)) == -32600


async def test_parameters_are_counted_and_have_no_names(dispatcher: Dispatcher) -> None:
    for params in ({"value": 1}, [1, 2]):
        reply = await ask(dispatcher, call("Test.count", params=params))
        assert reply["error"]["code"] == -32602
        assert isinstance(reply["error"]["data"], str)
    assert (await ask(dispatcher, call("Test.count", params={})))["result"] == 1
    assert (await ask(dispatcher, {"jsonrpc": "2.0", "id": 1, "method": "Test.count"}))["result"] == 2
    assert await code(dispatcher, call("Test.needs")) == -32602


async def test_texts_are_in_the_language_of_the_context(dispatcher: Dispatcher) -> None:
    replies = [
        await ask(dispatcher, call("Test.null", 1), RawContext(webshop="22222", language=language))
        for language in ("en", "sv", None)
    ]
    data = [reply["error"]["data"] for reply in replies]
    assert data[0].startswith("At most")
    assert data[1] == data[2]
    assert data[1].startswith("Högst")
    assert {reply["error"]["message"] for reply in replies} == {"Invalid params"}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (RawContext(), 1001),
        (RawContext(webshop=""), 1001),
        (RawContext(webshop="1"), 1002),
        (RawContext(webshop="x", language="xx", auth="x", session="x"), 1002),
        (RawContext(webshop="22222", language="xx", auth="x", session="x"), 1003),
        (RawContext(webshop="22222", auth="x", session="x"), 1004),
        (RawContext(webshop="33333", auth="admin-token", session="x"), 1005),
        (RawContext(webshop="33333", auth="admin-token"), 1007),
        (RawContext(webshop="22222"), 1008),
    ],
)
async def test_the_first_failing_check_answers(
    dispatcher: Dispatcher, raw: RawContext, expected: int
) -> None:
    """What comes later in the order is wrong too in each of these (decision textalk item 11)."""
    assert await code(dispatcher, call("No.such"), raw) == -32601
    assert await code(dispatcher, call("Test.login", "too many"), raw) == expected


async def test_permission_comes_before_parameters(dispatcher: Dispatcher) -> None:
    assert await code(dispatcher, call("Test.admin")) == 1006
    assert (
        await code(dispatcher, call("Test.admin"), RawContext(webshop="22222", auth="admin-token")) == -32602
    )


async def test_tls_is_demanded_where_the_shop_says_so(dispatcher: Dispatcher) -> None:
    strict = RawContext(webshop="33333", session=SESSION)
    assert await code(dispatcher, call("Test.login"), strict) == 1007
    secured = msgspec.structs.replace(strict, secure=True)
    assert (await ask(dispatcher, call("Test.login"), secured))["result"] is None
    assert (await ask(dispatcher, call("Test.null"), strict))["result"] is None


async def test_an_unavailable_method_does_not_exist(dispatcher: Dispatcher) -> None:
    assert await code(dispatcher, call("Test.hidden")) == -32601
    with_session = RawContext(webshop="22222", session=SESSION)
    assert (await ask(dispatcher, call("Test.hidden"), with_session))["result"] is None


async def test_given_values_are_checked_where_they_are_not_needed(dispatcher: Dispatcher) -> None:
    assert await code(dispatcher, call("Test.anywhere"), RawContext(webshop="1")) == 1002
    assert await code(dispatcher, call("Test.anywhere"), RawContext(language="de")) == 1003
    assert (await ask(dispatcher, call("Test.anywhere"), RawContext()))["result"] is None


async def test_faults_before_and_inside_the_method_differ(dispatcher: Dispatcher, lookups: Lookups) -> None:
    assert await code(dispatcher, call("Test.broken")) == -32000
    assert await code(dispatcher, call("Test.unwritable")) == -32603
    lookups.broken = True
    assert await code(dispatcher, call("Test.null")) == -32603


async def test_a_revoked_token_fails_the_next_call(dispatcher: Dispatcher, lookups: Lookups) -> None:
    raw = RawContext(webshop="22222", auth="admin-token")
    assert (await ask(dispatcher, call("Test.null"), raw))["result"] is None
    del lookups.tokens["admin-token"]
    assert await code(dispatcher, call("Test.null"), raw) == 1004


def test_every_code_has_its_message() -> None:
    assert set(MESSAGES) == set(Code)
    assert MESSAGES[Code.OBJECT_NOT_FOUND] == "Object not found."


async def test_a_request_learns_of_each_call_its_method_shop_and_outcome(dispatcher: Dispatcher) -> None:
    request = Request({"type": "http", "headers": []}, known_as="r1")
    raw = msgspec.structs.replace(IN_SHOP, request=request)
    calls = [{"jsonrpc": "2.0", "id": 1, "method": name} for name in ("Test.count", "Test.needs", "No.such")]
    await answer(dispatcher, raw, json.dumps(calls).encode())
    stranger = msgspec.structs.replace(raw, webshop="1")
    await answer(dispatcher, stranger, json.dumps(calls[0]).encode())
    shop = await dispatcher.lookups.webshop(22222)
    assert shop is not None
    assert [(call.operation, call.channel, call.outcome) for call in request.calls] == [
        ("Test.count", shop.name, "ok"),
        ("Test.needs", shop.name, "invalid-params"),
        ("unknown", None, "method-not-found"),
        ("Test.count", None, "invalid-webshop"),
    ]
    assert request.caller == shop


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ({"language": "de"}, "invalid-language"),
        ({"auth": "nobodys"}, "bad-auth-token"),
        ({"session": "nobodys"}, "bad-session-token"),
        ({"vat_country": "XX"}, "validation-error"),
    ],
)
async def test_a_context_that_is_refused_is_told_with_its_shop(
    dispatcher: Dispatcher, given: dict[str, str], outcome: str
) -> None:
    request = Request({"type": "http", "headers": []}, known_as="r1")
    raw = msgspec.structs.replace(IN_SHOP, request=request, **given)
    shop = await dispatcher.lookups.webshop(22222)
    assert shop is not None
    assert "error" in await ask(dispatcher, call("Test.null"), raw)
    assert [(one.channel, one.outcome) for one in request.calls] == [(shop.name, outcome)]


async def test_a_shops_number_may_be_as_large_as_any_uid(lookups: Lookups) -> None:
    asked: list[int] = []

    class Widest(Lookups):
        async def webshop(self, uid: int) -> Webshop | None:
            asked.append(uid)
            return await lookups.webshop(22222)

    largest = str(2**53 - 1)
    assert webshop_settings(ChannelSettings(door={"uid": int(largest)})) is not None
    assert webshop_settings(ChannelSettings(door={"uid": 2**53})) is None
    context = await resolve(RawContext(webshop=largest), Widest(), needs_webshop=True)
    assert isinstance(context, Context)
    assert asked == [2**53 - 1]
    for none in (str(2**53), "9" * 5_000):
        refused = await resolve(RawContext(webshop=none), Widest(), needs_webshop=True)
        assert isinstance(refused, NoContext)
        assert refused.error.code is Code.INVALID_WEBSHOP
    assert len(asked) == 1


async def test_over_http_each_call_is_observed_once_and_the_message_not_beside_it(
    dispatcher: Dispatcher,
) -> None:
    seen = Seen()
    app = textalk_app(dispatcher, {}, seen)
    async with (
        serve(app) as server,
        httpx.AsyncClient(base_url=server.url, verify=False, timeout=60) as client,
    ):
        for content in (call("Test.null"), [call("Test.null"), call("Test.null"), 7], [], "{"):
            body = content if isinstance(content, str) else json.dumps(content)
            assert (await client.post(f"{PATH}?webshop=22222", content=body)).status_code == 200
        await client.get("/elsewhere")
    shop = await dispatcher.lookups.webshop(22222)
    assert shop is not None
    assert seen.calls == [
        *[("textalk", "Test.null", shop.name, "ok")] * 3,
        ("textalk", "unknown", None, "invalid-request"),
        ("textalk", "unknown", None, "invalid-request"),
        ("textalk", "unknown", None, "parse-error"),
        ("textalk", "unknown", None, "unknown-route"),
    ]
    assert [len(exchange.calls) for exchange in seen.exchanges] == [1, 3, 1, 1, 1]


async def test_over_a_socket_each_frame_is_an_exchange_of_its_own(dispatcher: Dispatcher) -> None:
    seen = Seen()
    async with serve(textalk_app(dispatcher, {}, seen)) as server:
        url = f"ws://127.0.0.1:{server.port}{PATH}?webshop=22222"
        async with connect(url, additional_headers={"X-Request-Id": "r1"}) as socket:
            for content in ([call("Test.null"), call("No.such")], call("Test.null")):
                await socket.send(json.dumps(content))
                await socket.recv()
    first, second = seen.exchanges
    assert [each.operation for each in first.calls] == ["Test.null", "unknown"]
    assert [each.operation for each in second.calls] == ["Test.null"]
    assert [each.operation for each in seen.exchanges] == ["frame", "frame"]
    assert first.request_id == second.request_id == "r1"
    assert json.loads(first.request.body)[1]["method"] == "No.such"
    assert first.reply is not None
    assert [each.get("result", "none") for each in json.loads(first.reply.body)] == [None, "none"]
    assert first.caller == await dispatcher.lookups.webshop(22222)


async def test_what_a_call_reads_is_its_tenants_share(lookups: Lookups) -> None:
    """The shop's; where a call names none, that of the administrator who calls."""
    flows: list[Flow] = []

    async def reading(context: Context, params: Sequence[Json]) -> Json | RpcError:
        flows.append(Bill().flow)
        return None

    lookups.tokens["of-nine"] = Administrator(id=1, persistent=True, workspace=9)
    dispatcher = Dispatcher(
        method_table([Method("Test.read", "", reading, needs_webshop=False)]), lookups, noted
    )
    for raw in (RawContext(webshop="22222", address="192.0.2.1"), RawContext(auth="of-nine"), RawContext()):
        await ask(dispatcher, call("Test.read"), raw)
    shop = await lookups.webshop(22222)
    assert shop is not None
    assert flows == [Flow(shop.workspace, "192.0.2.1"), Flow(9, ""), Flow(0, "")]
