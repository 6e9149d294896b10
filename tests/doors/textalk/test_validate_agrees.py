"""Of every class `validate` and the method that stores say the same of a patch, whatever stands in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import httpx
import pytest

from tests.doors.textalk.test_fuzz import INTERNAL, Driver, shop
from tests.support.server import Server, running_server
from tests.support.webshop import Webshop

__all__ = ["shop"]

PATCHES = 25
"""How many patches of each method are tried."""
AT_ONCE = 5
"""How many patches of a method go out in one request: what they made is tried by the next."""
MOST_AT_ONCE = 50
Try: TypeAlias = tuple[str, Any, Any]
"""A method that stores, the uid of its object (None: a new one), and a patch."""
INVALID = {9001, 9002}
"""Codes of a patch that is wrong in itself: its data are the places."""


@pytest.fixture(scope="module")
def fuzzed(module_database_url: str, open_folder: Path) -> Iterator[Server]:
    with running_server(
        open_folder / "agrees.log", "--sandbox", "--database-url", module_database_url
    ) as running:
        yield running


class Comparer(Driver):
    """Sends each patch twice: to be looked at, and to be stored."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.disagreements: dict[str, str] = {}
        self.agreed = {"right": 0, "wrong": 0}

    async def compare(self, patches: int) -> None:
        """All classes that can be validated, by their `create` and `set`."""
        methods = {method["name"]: method for method in self.description["methods"]}
        for name, method in methods.items():
            class_name, _, what = name.partition(".")
            if what in ("create", "set") and f"{class_name}.validate" in methods:
                for start in range(0, patches, AT_ONCE):
                    made = (self._made(method) for _ in range(min(AT_ONCE, patches - start)))
                    await self._both([each for each in made if each is not None])

    def _made(self, method: Mapping[str, Any]) -> Try | None:
        params = self._fuzz.call(method, 0)["params"]
        creates = method["name"].endswith(".create")
        if not isinstance(params, list) or len(params) < (1 if creates else 2):
            return None
        return method["name"], None if creates else params[0], params[0 if creates else 1]

    async def mix(self) -> None:
        """Of all classes each property of an object as another has it: what only one may have is then taken."""
        names = {method["name"] for method in self.description["methods"]}
        for name, schema in self.description["components"]["schemas"].items():
            if not {f"{name}.validate", f"{name}.set", f"{name}.list"} <= names:
                continue
            (listed,) = await self._send([self._shop.call(f"{name}.list", True, {"limit": 2}).body])
            pairs = ((listed["result"][0], other) for other in listed["result"])
            tries = [each for one, other in pairs for each in _alike(name, schema, one, other)]
            known = [each for each in tries if each[0] in names]
            for start in range(0, len(known), MOST_AT_ONCE):
                await self._both(known[start : start + MOST_AT_ONCE])

    async def _both(self, tries: Sequence[Try]) -> None:
        """Each patch at `validate`, and then at the method that stores it: the calls of a batch run in turn."""
        calls = [call for no, each in enumerate(tries) for call in _calls(2 * no, *each)]
        answers = await self._send(calls) if calls else []
        for each, found, answer in zip(tries, answers[::2], answers[1::2], strict=True):
            self._note(each, found, answer)

    def _note(self, tried: Try, found: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        if (fault := _disagreement(found, answer)) is None:
            self.agreed["wrong" if found.get("result", True) else "right"] += 1
            return
        shown = f"{tried[0]} {json.dumps(tried[1:])[:600]}\n  {str(found)[:400]}\n  {str(answer)[:400]}"
        self.disagreements.setdefault(f"{tried[0]}: {fault}", shown)


def _calls(no: int, name: str, uid: Any, patch: Any) -> Iterator[dict[str, Any]]:
    class_name, _, what = name.partition(".")
    params = [patch] if what == "create" else [uid, patch]
    yield {"jsonrpc": "2.0", "id": no, "method": f"{class_name}.validate", "params": [uid, patch]}
    yield {"jsonrpc": "2.0", "id": no + 1, "method": name, "params": params}


def _alike(name: str, schema: Mapping[str, Any], one: Any, other: Any) -> Iterator[Try]:
    settable = [
        key
        for key, inner in schema["properties"].items()
        if "not" not in inner and key in other and (one is other or one[key] != other[key])
    ]
    yield from ((f"{name}.set", one["uid"], {key: other[key]}) for key in settable)
    if one is other:
        yield f"{name}.create", None, {key: other[key] for key in settable}


def _disagreement(found: Mapping[str, Any], answer: Mapping[str, Any]) -> str | None:
    """What the two say differently, or None. What is not the patch's fault may be said by one of them alone."""
    code = answer.get("error", {}).get("code")
    if code in INTERNAL:
        return "internal"
    if "error" in found:
        return None if code is not None else "stored what could not be validated"
    places = sorted(each["pointer"] for each in found["result"])
    if not places:
        return "refused what validate takes" if code in INVALID else None
    if code is None:
        return "stored what validate refuses"
    refused = sorted(each["pointer"] for each in answer["error"].get("data") or () if isinstance(each, dict))
    # What is no value at all is refused before anything is checked: `validate` then names more places.
    return f"other places: {places} {refused}" if code in INVALID and not {*refused} <= {*places} else None


async def compare(server: Server, shop: Webshop, random: Random, patches: int) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=60) as http:
        comparer = Comparer(server, http, shop, "administrator", random)
        await comparer.prepare()
        await comparer.compare(patches)
    assert not comparer.disagreements, "\n\n".join(
        [*comparer.disagreements.values(), *comparer.disagreements]
    )
    assert min(comparer.agreed.values()) > patches, comparer.agreed


async def test_validate_and_set_say_the_same(fuzzed: Server, shop: Webshop) -> None:
    await compare(fuzzed, shop, Random("validate"), PATCHES)


async def test_a_value_that_another_object_has_is_judged_alike(fuzzed: Server, shop: Webshop) -> None:
    async with httpx.AsyncClient(base_url=fuzzed.url, trust_env=False, timeout=60) as http:
        comparer = Comparer(fuzzed, http, shop, "administrator", Random("mixed"))
        await comparer.prepare()
        await comparer.mix()
    assert not comparer.disagreements, "\n\n".join(
        [*comparer.disagreements.values(), *comparer.disagreements]
    )
    assert min(comparer.agreed.values()) > PATCHES, comparer.agreed


@pytest.mark.torture
async def test_validate_and_set_say_the_same_however_long_one_tries(fuzzed: Server, shop: Webshop) -> None:
    seed = os.urandom(8).hex()
    print(f"seed {seed}")
    await compare(fuzzed, shop, Random(seed), 40 * PATCHES)
