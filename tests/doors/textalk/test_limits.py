"""The limits of calls, each at its last allowed value and one beyond, over HTTP (decision textalk second reading 6)."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from entrepot.doors.textalk.rpc.endpoint import MAX_MESSAGE, MAX_MESSAGE_WITH_FILE
from tests.doors.textalk.served import PATH, SHOP, Api
from tests.support import boutique
from tests.support.shop import WORKSPACE
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = {"jsonrpc": "2.0", "id": 1, "method": "Article.count", "params": []}
ADDING = {**CALL, "method": "Order.addArticle", "params": [None, boutique.CLOTH]}


async def error_of(api: Api, message: bytes) -> dict[str, Any]:
    """The error that answers a message."""
    response = await api.post(message)
    assert response.status_code == 200
    return response.json().get("error", {})


async def test_a_body_holds_a_megabyte(api: Api) -> None:
    assert await error_of(api, json.dumps(CALL).encode().ljust(MAX_MESSAGE)) == {}
    refused = await error_of(api, json.dumps(CALL).encode().ljust(MAX_MESSAGE + 1))
    assert (refused["code"], refused["data"]) == (-32600, "A request holds at most 1000000 bytes.")


async def test_a_body_with_a_file_holds_ten(api: Api) -> None:
    buyer = await api.buyer()
    assert await error_of(buyer, json.dumps(ADDING).encode().ljust(MAX_MESSAGE_WITH_FILE)) == {}
    refused = await error_of(buyer, json.dumps(ADDING).encode().ljust(MAX_MESSAGE_WITH_FILE + 1))
    assert refused["code"] == -32600


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 5000000", b"Transfer-Encoding: chunked"], ids=["announced", "chunked"]
)
async def test_who_calls_is_known_before_a_large_body_is_read(api: Api, framing: bytes) -> None:
    """A stranger's is refused before it has come: the connection would wait for the rest of it for ever."""
    chunked = framing.startswith(b"Transfer")
    where = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(where.hostname or "", where.port or 0)
    target = f"{PATH}?webshop={SHOP}".encode()
    writer.write(b"POST %b HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % (target, framing))
    if chunked:
        writer.write(b"%x\r\n" % (MAX_MESSAGE + 1) + b"x" * (MAX_MESSAGE + 1) + b"\r\n")
    async with asyncio.timeout(60):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = json.loads(await reader.readexactly(length))
    writer.close()
    assert answer["error"]["data"] == "A request holds at most 1000000 bytes."


async def test_a_batch_holds_a_hundred_calls(api: Api) -> None:
    assert len((await api.post([CALL] * 100)).json()) == 100
    refused = await error_of(api, json.dumps([CALL] * 101).encode())
    assert (refused["code"], refused["data"]) == (-32600, "A batch holds at most 100 requests.")


def chain(references: int) -> Any:
    """A query that follows so many references: from an article to its group, and on to its parents."""
    query: Any = "uid"
    for _ in range(references - 1):
        query = {"parent": query}
    return {"articlegroup": query}


async def test_a_query_follows_six_references(api: Api) -> None:
    assert await api("Article.get", boutique.SHIRT, chain(6)) == {"articlegroup": None}
    refused = await api.refused("Article.get", boutique.SHIRT, chain(7))
    assert refused["code"] == 9004
    assert [problem["pointer"] for problem in refused["data"]] == ["/articlegroup" + "/parent" * 6]


async def test_a_query_names_five_hundred_keys(api: Api) -> None:
    def query(keys: int) -> Any:
        return {"attributes": {f"k{number}": True for number in range(keys - 1)}}

    assert len((await api("Article.get", boutique.SHIRT, query(500)))["attributes"]) == 499
    refused = await api.refused("Article.get", boutique.SHIRT, query(501))
    assert refused["code"] == 9004
    assert [problem["pointer"] for problem in refused["data"]] == ["/attributes/k499"]


async def test_filters_hold_fifty_conditions(api: Api) -> None:
    def filters(conditions: int) -> Any:
        return {f"/attributes/k{number}": None for number in range(conditions)}

    assert await api("Article.count", filters(50)) == 3
    assert len(await api("Article.list", "uid", {"filters": filters(50)})) == 3
    refused = await api.refused("Article.list", "uid", {"filters": filters(51)})
    assert refused["code"] == -32602
    assert [problem["pointer"] for problem in refused["data"]] == ["/1/filters"]
    assert (await api.refused("Article.count", filters(51)))["data"][0]["pointer"] == "/0"


GROUPS = """
insert into customer_groups (workspace, id, channel, name, data)
select $1, $2 + n, $3, '{}', '{}' from generate_series(1, $4::bigint) n
"""


async def test_a_list_holds_a_hundred_thousand_objects(api: Api) -> None:
    first, most = 10**9, 100_000
    await api.connection.execute(GROUPS, WORKSPACE, first, boutique.SHOP_CHANNEL, most)

    async def listed() -> Any:
        return (await api.admin.reply("Customergroup.list", "uid")).get("result")

    assert len(await eventually(listed)) == most  # on a busy machine one try may be cut off
    await api.connection.execute(GROUPS, WORKSPACE, first + most, boutique.SHOP_CHANNEL, 1)
    for selection in (True, {"limit": most + 1}):
        refused = await api.admin.refused("Customergroup.list", "uid", selection)
        assert refused["code"] == -32602
        assert [problem["pointer"] for problem in refused["data"]] == ["/1/limit"]
    assert await api.admin("Customergroup.count") == most + 1
