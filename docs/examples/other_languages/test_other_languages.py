"""Suites in other languages, run beside this one on the same sandbox."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run(entrepot, *command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    environment = {**os.environ, "ENTREPOT_URL": entrepot.base_url}
    done = subprocess.run(
        command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_suite_in_javascript_passes(entrepot):
    assert "# pass 5" in run(entrepot, "node", "--test", "--test-reporter=tap", "shop.test.mjs")


def test_the_control_plane_is_driven_by_curl(entrepot):
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    assert "ok: and why" in run(entrepot, "sh", "control_plane.sh")
