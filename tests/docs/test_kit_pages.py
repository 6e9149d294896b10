"""The pages for integrators' tests: what they show, saved under the names that they give it, runs as they say.

The suites among it run in `tests/testing/test_plugin.py`, with all that the plugin is for.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import DOCS, blocks
from tests.testing.stranger import USE, Stranger, save_files, unpacked_wheel

ROOT = DOCS.parent
IN_CI = DOCS / "how-to" / "run-it-in-ci.md"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as the wheel installs it."""
    return unpacked_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def reader(installed: Path, open_folder: Path, request: pytest.FixtureRequest) -> Stranger:
    """Who has saved every file of the page."""
    folder = open_folder / f"reader-{request.node.name}"
    folder.mkdir(mode=0o755)
    stranger = Stranger(installed, folder)
    save_files(USE, stranger.suite())
    return stranger


def test_the_program_of_the_page_prints_what_stands_in_its_world(reader: Stranger) -> None:
    done = reader.call([sys.executable, "check_stall.py"])
    assert (done.returncode, done.stdout) == (0, "['stall']\n"), done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js here")
def test_the_steps_for_another_language_come_to_passed_tests(reader: Stranger) -> None:
    *_, last = _steps("node")
    program = "from entrepot.cli import main; main()"
    functions = f"entrepot() {{ exec '{sys.executable}' -c '{program}' \"$@\"; }}\n"
    done = reader.call(["bash", "-e", "-c", functions + last])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 2" in done.stdout
    reader.until_nothing_is_left()


def test_the_steps_install_what_the_page_says() -> None:
    assert _steps("pytest") == ["pip install entrepot pytest pytest-xdist", "pytest -n auto"]
    assert _steps("node")[0] == "pip install entrepot"


def test_the_steps_with_a_container_fit_its_files() -> None:
    """No engine runs here: the file that they start is there, has a health check, and answers where the tests ask."""
    start, tests, log = (step for step in _job("container")["steps"] if "run" in step)
    compose = "docker compose -f entrepot/containers/laptop.yaml"
    assert (start["run"], log["run"]) == (f"{compose} up --build --wait", f"{compose} logs")
    laptop = yaml.safe_load((ROOT / "containers" / "laptop.yaml").read_text("utf-8"))["services"]["entrepot"]
    assert "HEALTHCHECK" in (ROOT / laptop["build"]["dockerfile"]).read_text("utf-8")
    assert [f"http://{port.rpartition(':')[0]}" for port in laptop["ports"]] == [tests["env"]["ENTREPOT"]]


def _steps(job: str) -> list[str]:
    return [step["run"] for step in _job(job)["steps"] if "run" in step]


def _job(name: str) -> Any:
    flows: list[Any] = [yaml.safe_load(block.text) for block in blocks(IN_CI) if block.language == "yaml"]
    (found,) = [flow["jobs"][name] for flow in flows if name in flow["jobs"]]
    return found
