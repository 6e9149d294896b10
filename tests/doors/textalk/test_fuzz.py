"""Every method of the served description, called in every way that its schemas allow and in many that they do not.

A shop changes while it is called, so a failing call cannot be made smaller: it is shown as it was sent.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import httpx
import jsonschema_rs
import pytest

from entrepot.doors.textalk.wire.errors import MESSAGES, Code
from entrepot.store.connections import Connection, connect
from tests.doors.textalk.fuzzing import Fuzz
from tests.support.server import Server, running_server
from tests.support.webshop import Webshop

INTERNAL = {Code.RPC_INTERNAL_ERROR, Code.INTERNAL_ERROR}
BATCH = 6
VISIT = 30
"""How many methods a caller calls before another comes."""
EVA, PASSWORD = "eva@example.com", "linen and cotton"
CUSTOMERS = {EVA: {"id": 911, "password": PASSWORD, "first_name": "Eva"}}


@pytest.fixture(scope="module")
def fuzzed(module_database_url: str, open_folder: Path) -> Iterator[Server]:
    """A server of its own, whose log shows what failed."""
    log = open_folder / "fuzzed.log"
    with running_server(log, "--sandbox", "--database-url", module_database_url) as running:
        yield running


@pytest.fixture
async def shop(module_database_url: str) -> AsyncIterator[Webshop]:
    """The boutique, with a customer."""
    connection: Connection = await connect(module_database_url)
    opened = Webshop(connection, f"w{uuid.uuid4().hex[:12]}")
    await opened.open({"webshops/shop/customers": CUSTOMERS})
    yield opened
    await connection.close()


class Driver:
    """Sends a caller's calls and judges what comes back."""

    def __init__(
        self, server: Server, http: httpx.AsyncClient, shop: Webshop, caller: str, random: Random
    ) -> None:
        self._server = server
        self._http = http
        self._shop = shop
        self._caller = caller
        self._random = random
        self.description: Mapping[str, Any] = httpx.get(
            f"{server.url}/textalk/openrpc.json", trust_env=False, timeout=60
        ).json()
        components = {"components": self.description["components"]}
        self._results = {
            method["name"]: jsonschema_rs.validator_for({**method["result"]["schema"], **components})
            for method in self.description["methods"]
        }
        self.faults: dict[str, str] = {}
        self.codes: Counter[int] = Counter()
        self._context: dict[str, str] = {}
        self._fuzz = Fuzz(random, self.description, {})

    async def prepare(self) -> None:
        """Learn the uids of what there is."""
        self._fuzz.found("Webshop", self._shop.uids["shop"])
        self._context = {"auth": await self._shop.administrator()}
        for name in self.description["components"]["schemas"]:
            await self._send([self._shop.call(f"{name}.list", "uid").body])

    async def drive(self, rounds: int) -> None:
        """Call every method, in an order that is never the same."""
        methods = list(self.description["methods"]) * rounds
        self._random.shuffle(methods)
        for place, method in enumerate(methods):
            if place % VISIT == 0:
                await self._arrive()
            await self._send([self._fuzz.call(method, number) for number in range(self._often(method))])

    def _often(self, method: Mapping[str, Any]) -> int:
        """How often to call it: seldom what costs a password's hash, and what is not for this caller."""
        about = method["description"]
        if "administrators" in about and "auth" not in self._context:
            return 1
        return 2 if "TLS" in about else BATCH

    async def _arrive(self) -> None:
        """Who calls from now on; before that a buyer shops, who may be the caller, and may have placed the order."""
        # Some limits on tries are told as internal errors for a while.
        await self._shop.connection.execute("delete from tries")
        self._context = buyer = {"session": await self._shop.session()}
        await self._shopping(placed=self._random.random() < 0.5)
        self._context = {"language": self._random.choice(["en", "sv"])}
        if self._caller in ("administrator", "both"):
            self._context["auth"] = await self._shop.administrator()
        if self._caller in ("buyer", "both"):
            self._context |= buyer

    async def _shopping(self, *, placed: bool) -> None:
        """A buyer's way, up to the checkout or beyond."""
        await self._send([self._shop.call("Customer.login", EVA, PASSWORD).body])
        cart = self._send(
            [self._shop.call("Order.addArticle", None, 102, {"quantity": 1}, ["uid", "order"]).body]
        )
        (item,) = await cart
        order = item.get("result", {}).get("order")
        chosen = {
            "customer": {"address": {"country": "SE"}, "info": {"email": EVA}},
            "delivery": {"method": 501},
        }
        planned = {"order": order, "method": 601, "status": "planned"}
        steps = [self._shop.call("Order.set", order, chosen), self._shop.call("Payment.set", None, planned)]
        if placed:
            again = self._shop.call("Order.addArticle", None, 103, {"302": 1}, ["uid", "order"])
            steps += [self._shop.call("Order.checkout", order), again]
        await self._send([step.body for step in steps])

    async def _send(self, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers to a batch, which have been judged."""
        request = self._shop.call("", **self._context)
        reply = await self._http.post(request.path, json=calls)
        assert reply.status_code == 200, reply.text
        for call, answer in zip(calls, reply.json(), strict=True):
            assert answer["id"] == call["id"]
            self._judge(call, answer)
        return reply.json()

    def _judge(self, call: dict[str, Any], answer: dict[str, Any]) -> None:
        fault = self._fault(call["method"], answer)
        if fault is not None:
            self.faults.setdefault(fault, f"{self._caller}: {json.dumps(call)[:3000]}\n{str(answer)[:2000]}")
        elif "result" in answer:
            self._learn(call["method"].partition(".")[0], answer["result"])

    def _fault(self, method: str, answer: dict[str, Any]) -> str | None:
        """What is wrong with an answer, in words that are the same for answers that are wrong in the same way."""
        if answer.keys() == {"jsonrpc", "id", "result"}:
            wrong = next(self._results[method].iter_errors(answer["result"]), None)
            return None if wrong is None else f"{method} {wrong.schema_path} {wrong.kind.name}"
        if answer.keys() != {"jsonrpc", "id", "error"}:
            return f"{method} {sorted(answer)}"
        code = answer["error"]["code"]
        self.codes[code] += 1
        if code in INTERNAL:
            return f"{method} {code}"
        return None if answer["error"]["message"] == MESSAGES[Code(code)] else f"{method} message"

    def _learn(self, class_name: str, result: Any) -> None:
        if isinstance(result, list):
            for each in result:
                self._learn(class_name, each)
        elif isinstance(result, dict) and isinstance(result.get("uid"), int | str):
            self._fuzz.found("OrderItem" if "order" in result else class_name, result["uid"])
            if isinstance(result.get("order"), int):
                self._fuzz.found("Order", result["order"])


async def drive(server: Server, shop: Webshop, caller: str, random: Random, batches: int) -> Counter[int]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as http:
        driver = Driver(server, http, shop, caller, random)
        await driver.prepare()
        await driver.drive(batches)
    said = server.log.read_text("utf-8")[-5000:] if driver.faults else ""
    assert not driver.faults, "\n\n".join([said, *driver.faults.values(), *driver.faults])
    return driver.codes


CALLERS = ["visitor", "buyer", "administrator", "both"]


@pytest.mark.parametrize("caller", CALLERS)
async def test_no_call_of_any_method_is_an_internal_error(fuzzed: Server, shop: Webshop, caller: str) -> None:
    codes = await drive(fuzzed, shop, caller, Random(caller), 1)
    assert {-32602, 9003, 9004} <= codes.keys()


@pytest.mark.torture
@pytest.mark.parametrize("caller", CALLERS)
async def test_no_call_is_an_internal_error_however_long_one_tries(
    fuzzed: Server, shop: Webshop, caller: str
) -> None:
    seed = os.urandom(8).hex()
    print(f"seed {seed}")
    await drive(fuzzed, shop, caller, Random(seed), 20)
