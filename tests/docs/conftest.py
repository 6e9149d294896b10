"""A running sandbox with the demo world, for the pages' examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.cli.run.demo import apply_demo
from tests.support.server import Server, running_server


@pytest.fixture(scope="module")
async def demo_url(module_database_url: str) -> str:
    """A database with the demo world."""
    await apply_demo(module_database_url)
    return module_database_url


@pytest.fixture(scope="module")
def demo(demo_url: str, open_folder: Path) -> Iterator[Server]:
    """A sandbox with the demo world, as `entrepot demo` runs it."""
    arguments = ("--sandbox", "--database-url", demo_url, "--door-host", "bonsai=bonsai.localhost")
    with running_server(open_folder / "docs.log", *arguments) as running:
        yield running
