"""Somebody who installed the wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.testing.stranger import Stranger, unpacked_wheel


@pytest.fixture(scope="package")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as the wheel installs it."""
    return unpacked_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def stranger(installed: Path, open_folder: Path, request: pytest.FixtureRequest) -> Stranger:
    """A folder that an unprivileged account can enter, as PostgreSQL needs where we are root."""
    folder = open_folder / f"stranger-{abs(hash(request.node.name))}"
    folder.mkdir(mode=0o755)
    return Stranger(installed, folder)
