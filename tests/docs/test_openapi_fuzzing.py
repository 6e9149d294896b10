"""The public fuzzing tool of OpenAPI, as anybody would run it, finds nothing at the demo's Bonsai door."""

from __future__ import annotations

import asyncio
import base64
import sys
from pathlib import Path

from tests.support.server import Server

# What is otherwise than the tool expects: a wrong verb is 404 (decision bonsai U20), checkout answers 200 with the
# errors beside its totals (decision bonsai I7), and what no schema tells, as an unknown method of payment, is a 400.
CONFIG = """
checks.unsupported_method.enabled = false
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "402", "403", "404", "409", "5xx"]

[[operations]]
include-name = "POST /orders/checkout"
checks.negative_data_rejection.expected-statuses = ["200", "400", "401", "404", "415"]
"""
KEYS = {
    "API-Key": "demo-api-key",
    "Authorization": "Basic " + base64.b64encode(b"demo-private-key").decode(),
}
SECONDS = 25
"""The tool stops then with what it has found: a slow machine tries less, and hangs nothing."""


async def test_the_fuzzing_tool_finds_nothing(demo: Server, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    keys = [part for name, value in KEYS.items() for part in ("-H", f"{name}: {value}")]
    run = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run"),
        *(f"{demo.url}/bonsai/openapi.json", *keys, "--wait-for-schema", "60", "--request-timeout", "60"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "2", "--max-time", str(SECONDS)),
        *("--generation-deterministic", "--no-color"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    async with asyncio.timeout(300):
        said = (await run.communicate())[0].decode()
    assert run.returncode == 0, said
    assert "Selected: 15/15" in said, said
    assert "schema error" not in said.lower(), said
