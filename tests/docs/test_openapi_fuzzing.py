"""The public fuzzing tool of OpenAPI, as anybody would run it, finds nothing at any door that describes itself so.

A door joins by saying in its manifest where its description is; its keys are those of the demo world.
"""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from entrepot.registry import manifests
from tests.support.server import Server

DESCRIBED: Final = {
    name: each.description
    for name, each in manifests().items()
    if each.description and each.description.endswith("/openapi.json")
}
EXAMPLES: Final = 5
"""For each operation, and as many of what is no example of it."""
EVERY: Final = "examples,coverage,fuzzing"
"""Coverage is some hundred requests for each operation."""
LIMIT: Final = 600
"""Against hanging alone: what is tried is bounded by its number."""

# What is otherwise than the tool expects, at all doors: what no schema tells is refused by a rule, and a wrong verb is
# answered as the door's documentation says.
COMMON: Final = """
checks.unsupported_method.enabled = false
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "402", "403", "404", "409", "422", "5xx"]
"""
# And at one: checkout answers 200 with the errors beside its totals (decision bonsai I7).
OWN: Final[Mapping[str, str]] = {
    "bonsai": """
[[operations]]
include-name = "POST /orders/checkout"
checks.negative_data_rejection.expected-statuses = ["200", "400", "401", "404", "415"]
""",
    # Rows are judged one by one, and the answer is 200 with what is wrong with each.
    "datamingle": """
[[operations]]
include-name = "POST /api/integrations/v1/inventory/"
checks.negative_data_rejection.expected-statuses = ["200", "400", "401", "403", "404", "415"]
""",
}
KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "bonsai": {
        "API-Key": "demo-api-key",
        "Authorization": "Basic " + base64.b64encode(b"demo-private-key").decode(),
    },
    # A partner without a mapping: the description is in the API's own words.
    "datamingle": {"X-API-Key": "sk_live_demo-plain-00000000000000000000000000000"},
}
"""Where a door takes several, or which is the right one is not to be seen from its description."""


@pytest.mark.parametrize("door", sorted(DESCRIBED))
@pytest.mark.parametrize("phases", ["examples,fuzzing", pytest.param(EVERY, marks=pytest.mark.torture)])
def test_the_fuzzing_tool_finds_nothing(door: str, phases: str, demo: Server, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(COMMON + OWN.get(door, ""))
    url = f"{demo.url}/{door}{DESCRIBED[door]}"
    described = httpx.get(url, verify=False, timeout=60).json()
    keys = KEYS.get(door) or dict(_keys(door, described, demo.url))
    headers = [part for name, value in keys.items() for part in ("-H", f"{name}: {value}")]
    command = (
        *(str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run"),
        *(url, *headers, "--wait-for-schema", "60", "--request-timeout", "60"),
        *("--phases", phases, "--max-examples", str(EXAMPLES)),
        *("--generation-deterministic", "--no-color"),
    )
    run = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=tmp_path, timeout=LIMIT)
    said = run.stdout + run.stderr
    count = sum(len(methods) for methods in described["paths"].values())
    assert run.returncode == 0, said
    assert f"Selected: {count}/{count}" in said, said
    assert "schema error" not in said.lower(), said


def test_the_doors_that_describe_themselves_are_found() -> None:
    assert {"bonsai", "datamingle", "rebound", "walmart"} <= DESCRIBED.keys()


def _keys(door: str, described: Mapping[str, Any], server: str) -> Iterator[tuple[str, str]]:
    """The headers with which the first account of the demo world at this door is let in."""
    key = _first_key(door, server)
    if key is None:
        return
    schemes = described["components"]["securitySchemes"].values()
    # Where there are tokens, they are what any header wants.
    tokens = any(scheme.get("scheme") == "bearer" for scheme in schemes)
    key = _token(key, described, f"{server}/{door}") if tokens else key
    for scheme in schemes:
        if scheme["type"] == "apiKey":
            yield scheme["name"], key
        elif scheme.get("scheme") == "bearer":
            yield "Authorization", f"Bearer {key}"


def _first_key(door: str, server: str) -> str | None:
    world = httpx.get(f"{server}/sandbox/world", verify=False, timeout=60).json()
    channels = [each for workspace in world["workspaces"] for each in workspace["channels"]]
    secrets = [secret for each in channels if each["door"] == door for secret in each["keys"].values()]
    return next(iter(secrets), None)


def _token(pair: str, described: Mapping[str, Any], door: str) -> str:
    path = next(path for path in described["paths"] if path.endswith("/token"))
    client, _, secret = pair.partition(":")
    form = {"grant_type": "client_credentials"}
    return httpx.post(door + path, data=form, auth=(client, secret), verify=False, timeout=60).json()[
        "access_token"
    ]
