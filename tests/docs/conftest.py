"""A running sandbox with the demo world, for the pages' examples."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from entrepot.cli.run.demo import apply_demo
from tests.conftest import fresh_database
from tests.support.server import Server, running_server


@pytest.fixture(scope="package")
def demo_url(postgres_url: str, template_url: str) -> Iterator[str]:
    """A database with the demo world."""
    with fresh_database(postgres_url, template_url) as url:
        asyncio.run(apply_demo(url))
        yield url


@pytest.fixture(scope="package")
def running_demo(demo_url: str, open_folder: Path) -> Iterator[Server]:
    arguments = ("--sandbox", "--database-url", demo_url, "--door-host", "bonsai=bonsai.localhost")
    with running_server(open_folder / "docs.log", *arguments) as running:
        yield running


@pytest.fixture(scope="module")
def demo(running_demo: Server) -> Server:
    """A sandbox with the demo world as it stood at first, as `entrepot demo` runs it."""
    httpx.post(
        f"{running_demo.url}/sandbox/reset", verify=False, trust_env=False, timeout=60
    ).raise_for_status()
    return running_demo
