"""The pytest plugin: a server per session and worker, begun anew for each test that asks for it.

It loads nothing of the server: a suite in which no test asks for one pays for this file alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from entrepot.testing.client import Entrepot

Servers = Callable[[Path | None], "Entrepot"]
MARKER = "entrepot"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option and the setting of ours."""
    group = parser.getgroup("entrepot")
    group.addoption("--entrepot-url", metavar="URL", help="Use the sandbox that runs there; start none.")
    parser.addini("entrepot_world", "World file of the tests that name none; the demo world by default.")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and refuse what cannot work."""
    line = f"{MARKER}(world): the world file on which the fixture `entrepot` stands, relative to the test's file."
    config.addinivalue_line("markers", line)
    if config.getoption("entrepot_url") and config.getoption("tx", None):  # as pytest-xdist names its workers
        raise pytest.UsageError(
            "--entrepot-url: workers would reset one server under each other; run without -n."
        )


@pytest.fixture(scope="session")
def _entrepot_servers(pytestconfig: pytest.Config) -> Generator[Servers]:
    """The server for a world file, started when it is first asked for."""
    from entrepot.testing.client import Entrepot
    from entrepot.testing.server import running

    known: dict[Path | None, Entrepot] = {}
    with ExitStack() as open_until_the_end:

        def server(world: Path | None) -> Entrepot:
            if world not in known:
                known[world] = open_until_the_end.enter_context(running(world))
            return known[world]

        if url := pytestconfig.getoption("entrepot_url"):
            known[_world_of_all(pytestconfig)] = Entrepot(url)
        yield server


@pytest.fixture(scope="session")
def entrepot_server(_entrepot_servers: Servers, pytestconfig: pytest.Config) -> Entrepot:
    """The sandbox of this session, of each worker its own; nobody begins it anew. On the world of `entrepot_world`."""
    return _entrepot_servers(_world_of_all(pytestconfig))


@pytest.fixture
def entrepot(_entrepot_servers: Servers, request: pytest.FixtureRequest) -> Generator[Entrepot]:
    """The sandbox at its beginning: its world as the file has it, no fault, the clock right.

    Snapshots that the test takes go with it; those of fixtures with a wider scope stay.
    """
    server = _entrepot_servers(_world_of(request))
    server.reset()
    with server.forgetting_snapshots():
        yield server


def _world_of(request: pytest.FixtureRequest) -> Path | None:
    """The file of the test's marker, or of its class, module or package."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is None:
        return _world_of_all(request.config)
    if marker.args or set(marker.kwargs) != {"world"}:
        raise pytest.UsageError(f"@pytest.mark.{MARKER} takes one argument, world=FILE")
    return _file(request.path.parent, marker.kwargs["world"])


def _world_of_all(config: pytest.Config) -> Path | None:
    name = config.getini("entrepot_world")
    return _file(config.rootpath, name) if name else None


def _file(folder: Path, name: Any) -> Path:
    path = (folder / str(name)).resolve()
    if not path.is_file():
        raise pytest.UsageError(f"entrepot: there is no world file {path}")
    return path
