"""Of every class `validate` and the method that stores say the same of a patch, whatever stands in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from tests.doors.textalk.test_fuzz import INTERNAL, Driver, shop
from tests.support.server import Server, running_server
from tests.support.webshop import Webshop

__all__ = ["shop"]

PATCHES = 25
"""How many patches of each method are tried."""
OPEN = {"ArticleVariant.set"}
"""Whether its number is another's, the database alone finds when it is stored."""
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
        for name in methods:
            class_name, _, what = name.partition(".")
            if what in ("create", "set") and f"{class_name}.validate" in methods and name not in OPEN:
                for _ in range(patches):
                    await self._compare(methods[name], class_name, creates=what == "create")

    async def _compare(self, method: Mapping[str, Any], class_name: str, *, creates: bool) -> None:
        stored = self._fuzz.call(method, 2)
        params = stored["params"]
        if not isinstance(params, list) or len(params) < (1 if creates else 2):
            return
        uid, patch = (None, params[0]) if creates else params[:2]
        looked = {"jsonrpc": "2.0", "id": 1, "method": f"{class_name}.validate", "params": [uid, patch]}
        stored["params"] = [patch] if creates else [uid, patch]
        found, answer = await self._send([looked, stored])
        if (fault := _disagreement(found, answer)) is None:
            self.agreed["wrong" if found.get("result", True) else "right"] += 1
            return
        shown = f"{method['name']} {json.dumps(stored['params'])[:600]}\n  {str(found)[:400]}\n  {str(answer)[:400]}"
        self.disagreements.setdefault(f"{method['name']}: {fault}", shown)


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


@pytest.mark.torture
async def test_validate_and_set_say_the_same_however_long_one_tries(fuzzed: Server, shop: Webshop) -> None:
    seed = os.urandom(8).hex()
    print(f"seed {seed}")
    await compare(fuzzed, shop, Random(seed), 40 * PATCHES)
