"""Every documented error of the ReBound API but those of others' services: each of a real state, whole, and mended."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.conformance.harness import Client, Prove, Reply, Request
from tests.conformance.harness.fixtures import OpenRetailer
from tests.conformance.rebound import (
    FORBIDDEN,
    LATER,
    LOG_IN,
    NO_NAME,
    NO_ORDER,
    NO_PARCEL,
    ORDERS,
    RETURNS,
    UNEXPECTED,
    Retailer,
    refusal,
)
from tests.support.server import Server

Ask = Callable[[Retailer, str], Awaitable[Request]]


async def nothing(_: Reply) -> None:
    """Nothing beyond the status is meant."""


async def healed() -> None:
    """Time alone mends it."""


async def get(retailer: Retailer, order: str) -> Request:
    return await retailer.get(order)


async def listed(retailer: Retailer, order: str) -> Request:
    return await retailer.list("?clientOrderId=AB12345US")


async def returns(retailer: Retailer, order: str) -> Request:
    return await retailer.returns("?clientOrderId=AB12345US")


READS = pytest.mark.parametrize("ask", [get, listed, returns])


@pytest.fixture
async def sandbox(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as client:
        yield client


async def strike(sandbox: httpx.AsyncClient, **fault: Any) -> None:
    reply = await sandbox.post("/sandbox/faults", json=fault)
    assert reply.status_code == 201, reply.text


@asynccontextmanager
async def faulty(sandbox: httpx.AsyncClient, **fault: Any) -> AsyncGenerator[None]:
    await strike(sandbox, **fault)
    yield
    await sandbox.delete("/sandbox/faults")


@pytest.mark.row("rebound.OS0001")
async def test_an_unexpected_fault_while_creating(
    prove: Prove, open_rebound_retailer: OpenRetailer, sandbox: httpx.AsyncClient
) -> None:
    retailer = await open_rebound_retailer()
    request = await retailer.create()
    async with faulty(sandbox, target="rule:TakeOrder", kind="error", workspace=retailer.name):
        await prove(
            request,
            refusal("OS0001", "internal", UNEXPECTED, ORDERS),
            mend=healed,
            effect=retailer.assert_registered,
            success=201,
        )


@READS
@pytest.mark.row("rebound.OS0001")
async def test_an_unexpected_fault_while_reading(
    prove: Prove, open_rebound_retailer: OpenRetailer, sandbox: httpx.AsyncClient, ask: Ask
) -> None:
    retailer = await open_rebound_retailer()
    request = await ask(retailer, (await retailer.created())["salesOrderId"])
    async with faulty(sandbox, target="connection:reads", kind="error", skip=1):
        await prove(
            request,
            refusal("OS0001", "internal", UNEXPECTED, request.path.partition("?")[0]),
            mend=healed,
            effect=nothing,
            reads=True,
        )


@READS
@pytest.mark.row("rebound.OS0007")
async def test_reads_that_are_refused(
    prove: Prove, open_rebound_retailer: OpenRetailer, sandbox: httpx.AsyncClient, ask: Ask
) -> None:
    retailer = await open_rebound_retailer()
    request = await ask(retailer, (await retailer.created())["salesOrderId"])
    for skip in ({}, {"skip": 1}):  # of the token, then of what is asked for
        async with faulty(sandbox, target="connection:reads", kind="refuse", **skip):
            path = request.path.partition("?")[0]
            await prove(
                request,
                refusal("OS0007", "unavailable", LATER, path, {"retry-after": "1"}),
                mend=healed,
                effect=nothing,
                reads=True,
            )


@pytest.mark.row("rebound.OS0003")
@pytest.mark.parametrize("name", ["", "  ", None, 7, [], {}])
async def test_a_sales_order_needs_a_name(
    prove: Prove, open_rebound_retailer: OpenRetailer, name: Any
) -> None:
    retailer = await open_rebound_retailer()
    await prove(
        await retailer.create({"clientOrderId": name}),
        refusal("OS0003", "invalid-input", "Invalid request: clientOrderId is required.", ORDERS),
        mend=await retailer.create({"clientOrderId": "A-1"}),
        effect=retailer.assert_registered,
        success=201,
    )


@pytest.mark.row("rebound.OS0005")
async def test_an_order_of_another_client(prove: Prove, open_rebound_retailer: OpenRetailer) -> None:
    retailer = await open_rebound_retailer()
    order = await retailer.created(client="other")
    request = await retailer.get(order["salesOrderId"])

    async def the_same(reply: Reply) -> None:
        assert reply.json == order

    await prove(
        request,
        refusal("OS0005", "access-denied", FORBIDDEN, request.path),
        mend=retailer.changing({"channels/shop/settings/sees": "workspace"}),
        effect=the_same,
        reads=True,
    )


@pytest.mark.row("rebound.OS0005")
async def test_a_flow_of_another_client(prove: Prove, open_rebound_retailer: OpenRetailer) -> None:
    retailer = await open_rebound_retailer()
    await prove(
        await retailer.create(query="?flowKey=theirs"),
        refusal("OS0005", "access-denied", FORBIDDEN, ORDERS),
        mend=retailer.changing(
            {"channels/shop/settings/door/flows/theirs/parcel_types": {"DE": ["STANDARD"]}}
        ),
        effect=retailer.assert_registered,
        success=201,
    )


async def order_and_headers(retailer: Retailer) -> tuple[str, dict[str, str], str]:
    order = (await retailer.created())["salesOrderId"]
    return f"{ORDERS}/{order}", await retailer.headers(), await retailer.token()


async def prove_log_in(prove: Prove, path: str, wrong: dict[str, str], right: dict[str, str]) -> None:
    await prove(
        Request("GET", path, headers=wrong),
        refusal("OS0006", "unauthenticated", LOG_IN, path),
        mend=Request("GET", path, headers=right),
        effect=nothing,
        reads=True,
    )


@pytest.mark.row("rebound.OS0006.missing")
async def test_no_credentials(prove: Prove, open_rebound_retailer: OpenRetailer) -> None:
    path, right, _ = await order_and_headers(await open_rebound_retailer())
    await prove_log_in(prove, path, {}, right)


@pytest.mark.row("rebound.OS0006.invalid", case="wrong token")
@pytest.mark.parametrize(
    "wrong", ["{0}x", "x", "rbt_1_" + "x" * 43, "{0} {0}", "{0},{0}", "x" * 8_000, "\u00e9"]
)
async def test_a_wrong_token(prove: Prove, open_rebound_retailer: OpenRetailer, wrong: str) -> None:
    path, right, token = await order_and_headers(await open_rebound_retailer())
    await prove_log_in(prove, path, {"Authorization": "Bearer " + wrong.format(token)}, right)


@pytest.mark.row("rebound.OS0006.invalid", case="token in the wrong header")
@pytest.mark.parametrize("header", ["X-Authorization", "Proxy-Authorization", "Access-Token"])
async def test_a_token_in_the_wrong_header(
    prove: Prove, open_rebound_retailer: OpenRetailer, header: str
) -> None:
    path, right, token = await order_and_headers(await open_rebound_retailer())
    await prove_log_in(prove, path, {header: f"Bearer {token}"}, right)


@pytest.mark.row("rebound.OS0006.invalid", case="wrong scheme")
@pytest.mark.parametrize("scheme", ["Basic ", "Token ", "", "Bearer: ", "Bearer"])
async def test_a_wrong_scheme(prove: Prove, open_rebound_retailer: OpenRetailer, scheme: str) -> None:
    path, right, token = await order_and_headers(await open_rebound_retailer())
    await prove_log_in(prove, path, {"Authorization": scheme + token}, right)


@pytest.mark.row("rebound.OS0006.expired")
async def test_a_token_whose_time_is_over(
    prove: Prove, open_rebound_retailer: OpenRetailer, sandbox: httpx.AsyncClient
) -> None:
    try:
        await sandbox.post("/sandbox/clock", json={"frozen": True})  # however long it takes here
        path, headers, _ = await order_and_headers(await open_rebound_retailer())
        await sandbox.post("/sandbox/clock", json={"advance": "+1801s"})
        await prove(
            Request("GET", path, headers=headers),
            refusal("OS0006", "unauthenticated", LOG_IN, path),
            mend=lambda: sandbox.post("/sandbox/clock", json={"advance": "-2s"}),
            effect=nothing,
            reads=True,
        )
    finally:
        await sandbox.post("/sandbox/clock", json={"frozen": False, "offset": "0s"})


@pytest.mark.row("rebound.parcel-type.address")
@pytest.mark.parametrize(
    ("country", "parcel_type", "mended"),
    [("FR", "SMALL", {"parcelType": "STANDARD"}), ("DE", "PALLET", {"parcelType": "SMALL"}),
     ("DE", "standard", {"parcelType": "STANDARD"}), ("IT", "STANDARD", {"customerAddress/countryCode": "FR"})],
)  # fmt: skip
async def test_a_parcel_type_that_the_address_s_country_does_not_have(
    prove: Prove, open_rebound_retailer: OpenRetailer, country: str, parcel_type: str, mended: Any
) -> None:
    retailer = await open_rebound_retailer()
    wrong = {"customerAddress/countryCode": country, "parcelType": parcel_type}
    await prove(
        await retailer.create(wrong),
        refusal("OS0003", "parcel-type-unsupported", NO_PARCEL, ORDERS),
        mend=await retailer.create({**wrong, **mended}),
        effect=retailer.assert_registered,
        success=201,
    )


@pytest.mark.row("rebound.parcel-type.flow")
async def test_a_parcel_type_that_the_flow_s_country_does_not_have(
    prove: Prove, open_rebound_retailer: OpenRetailer
) -> None:
    retailer = await open_rebound_retailer()
    flow = "channels/shop/settings/door/flows/eu/parcel_types"
    await prove(
        await retailer.create({"customerAddress": None}, query="?flowKey=eu"),
        refusal("OS0003", "parcel-type-unsupported", NO_PARCEL, ORDERS),
        mend=retailer.changing({flow: {"FR": ["STANDARD"]}}),
        effect=retailer.assert_registered,
        success=201,
    )


async def test_the_flow_s_own_parcel_type_counts_where_none_is_given(
    open_rebound_retailer: OpenRetailer, rebound: Client
) -> None:
    retailer = await open_rebound_retailer()
    shown = await retailer.created({"parcelType": None})
    assert shown["parcelType"] == "STANDARD"
    wrong = await retailer.create({"parcelType": None, "customerAddress/countryCode": "IT"})
    assert (await rebound.send(wrong)).json["message"] == NO_PARCEL


@pytest.mark.row("rebound.clientOrderId.missing")
@pytest.mark.parametrize("path", [ORDERS, RETURNS])
async def test_a_list_without_a_name(prove: Prove, open_rebound_retailer: OpenRetailer, path: str) -> None:
    await prove_name(prove, await open_rebound_retailer(), path, "")


@pytest.mark.row("rebound.clientOrderId.empty")
@pytest.mark.parametrize(
    "query", ["?clientOrderId=", "?clientOrderId=%20", "?clientOrderId=&clientOrderId=A"]
)
@pytest.mark.parametrize("path", [ORDERS, RETURNS])
async def test_a_list_with_an_empty_name(
    prove: Prove, open_rebound_retailer: OpenRetailer, path: str, query: str
) -> None:
    await prove_name(prove, await open_rebound_retailer(), path, query)


async def prove_name(prove: Prove, retailer: Retailer, path: str, query: str) -> None:
    headers = await retailer.headers()
    await prove(
        Request("GET", path + query, headers=headers),
        refusal("OS0003", "invalid-input", NO_NAME, path),
        mend=Request("GET", f"{path}?clientOrderId=AB12345US", headers=headers),
        effect=nothing,
        reads=True,
    )


async def prove_id(prove: Prove, retailer: Retailer, wrong: Request, order: str) -> None:
    async def the_order(reply: Reply) -> None:
        assert reply.json["salesOrderId"] == order

    await prove(
        wrong,
        refusal("OS0003", "order-unknown", NO_ORDER, wrong.path),
        mend=await retailer.get(order),
        effect=the_order,
        reads=True,
    )


@pytest.mark.row("rebound.salesOrderId.unknown")
async def test_an_id_of_no_order(prove: Prove, open_rebound_retailer: OpenRetailer) -> None:
    retailer = await open_rebound_retailer()
    order = (await retailer.created())["salesOrderId"]
    await prove_id(prove, retailer, await retailer.get(str(uuid.uuid4())), order)


@pytest.mark.row("rebound.salesOrderId.malformed", case="truncated")
@pytest.mark.parametrize("left", [35, 24, 8, 1])
async def test_an_id_that_was_cut_off(prove: Prove, open_rebound_retailer: OpenRetailer, left: int) -> None:
    retailer = await open_rebound_retailer()
    order = (await retailer.created())["salesOrderId"]
    await prove_id(prove, retailer, await retailer.get(order[:left]), order)


@pytest.mark.row("rebound.salesOrderId.malformed", case="modified")
@pytest.mark.parametrize(
    "how", ["digit", "upper", "braces", "bare", "urn", "blank", "slash", "accent", "nul"]
)
async def test_an_id_that_was_changed(prove: Prove, open_rebound_retailer: OpenRetailer, how: str) -> None:
    retailer = await open_rebound_retailer()
    order = await with_a_letter(retailer)
    wrong = {
        "digit": order[:-1] + ("0" if order[-1] != "0" else "1"),
        "upper": order.upper(),
        "braces": f"%7B{order}%7D",
        "bare": order.replace("-", ""),
        "urn": f"urn:uuid:{order}",
        "blank": f"{order}%20",
        "slash": f"{order}%2F",
        "accent": f"{order}%C3%A9",
        "nul": f"{order}%00",
    }[how]
    await prove_id(prove, retailer, await retailer.get(wrong), order)


async def with_a_letter(retailer: Retailer) -> str:
    """An order whose id has a letter, as all but one of ten million have."""
    order = (await retailer.created())["salesOrderId"]
    assert order != order.upper()
    return order


@pytest.mark.row("rebound.salesOrderId.other-environment")
@pytest.mark.parametrize(("mine", "its"), [("live", "test"), ("test", "live")])
async def test_an_id_of_the_other_environment(
    prove: Prove, open_rebound_retailer: OpenRetailer, mine: str, its: str
) -> None:
    retailer = await open_rebound_retailer()
    there = (await retailer.created(environment=its))["salesOrderId"]
    wrong = await retailer.get(there, environment=mine)

    async def the_order(reply: Reply) -> None:
        assert reply.json["salesOrderId"] == there

    await prove(
        wrong,
        refusal("OS0003", "order-unknown", NO_ORDER, wrong.path),
        mend=await retailer.get(there, environment=its),
        effect=the_order,
        reads=True,
    )
