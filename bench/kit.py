"""`python -m bench.kit`: what the test kit costs whoever uses it, as a table and in JSON."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from entrepot.testing import Entrepot, running

ROOT: Final = Path(__file__).parents[1]
TESTS: Final = 200
STARTS: Final = 9
SUITE: Final = """
import httpx, pytest

ORDER = {{
    "customer": {{"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}},
    "products": [{{"public_id": "c68yvyl5s1ienexavdwntb1dr", "variant_id": "101", "quantity": 1}}],
    "shipping_address": {{"first_name": "Ada", "last_name": "Lovelace", "address1": "1 Main St",
                          "city": "Toronto", "province": "ON", "country": "CA", "zip": "M5V 2T6"}},
    "payment": {{"method": "external payment", "token": "the-only-one", "currency": "USD",
                 "amounts": {{"goods": 25, "shipping": 4, "taxes": 3.77}}}},
}}
CLIENT = httpx.Client(headers={{"API-Key": "demo-api-key"}}, trust_env=False, timeout=60)

@pytest.mark.parametrize("number", range({tests}))
def test_an_order(entrepot, number):
    assert CLIENT.post(entrepot.url("bonsai") + "/orders/V1/submit", json=ORDER).status_code == 200
"""


PAGE: Final = Path(__file__).with_name("kit_page.md")


class Spread(msgspec.Struct, frozen=True):
    """How long something took, in milliseconds."""

    p50: float
    p99: float


class Figures(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was measured: times in milliseconds, sizes in millions of bytes."""

    cpus: int
    import_plugin_ms: float
    import_kit_ms: float
    start_ms: Spread
    operations: Mapping[str, Spread]
    suite_ms_per_test: float
    suite_seconds: float
    server_mb: float
    install_seconds: float | None = None
    install_mb: float | None = None


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.kit", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="of each operation")
    parser.add_argument(
        "--no-install", action="store_true", help="leave out the install, which takes packages"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the page of figures")
    options = parser.parse_args()
    # Whoever installs has the modules compiled; measured with this, each start would compile them anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    figures = measure(options.rounds, install=not options.no_install)
    print(table(figures))
    if options.page:
        options.page.write_text(page(figures), "utf-8")
    text = msgspec.json.format(msgspec.json.encode(figures), indent=2)
    if options.json:
        options.json.write_bytes(text + b"\n")
    else:
        print(text.decode())
    return 0


def measure(rounds: int, *, install: bool) -> Figures:
    """All figures, one after the other; nothing else should run meanwhile."""
    _say("importing")
    bare = _imports("pass")
    plugin, kit = (
        _imports(f"import {name}") - bare for name in ("entrepot.testing.plugin", "entrepot.testing")
    )
    _say("starting servers")
    _start()  # compiles, and makes the image from which the others begin
    starts = [_start() for _ in range(STARTS)]
    with running() as entrepot:
        _say("resetting, taking and restoring snapshots")
        operations = {name: _spread(_each(rounds, work)) for name, work in _operations(entrepot).items()}
        memory = _memory(_children(os.getpid()))
    _say(f"running {TESTS} tests on two workers")
    suite = _suite()
    seconds, size = _install() if install else (None, None)
    return Figures(
        os.cpu_count() or 1,
        plugin,
        kit,
        _spread(starts),
        operations,
        suite * 1000 / TESTS,
        suite,
        memory,
        seconds,
        size,
    )


def _operations(entrepot: Entrepot) -> Mapping[str, Callable[[], object]]:
    """What a test may ask for before or within itself."""
    entrepot.snapshot("bench")
    return {
        "reset": entrepot.reset,
        "reset of one workspace": lambda: entrepot.reset("north"),
        "snapshot": lambda: entrepot.snapshot("bench"),
        "restore": lambda: entrepot.restore("bench"),
        "snapshot of one workspace": lambda: entrepot.snapshot("north", workspace="north"),
        "restore of one workspace": lambda: entrepot.restore("north"),
    }


def _each(rounds: int, work: Callable[[], object]) -> list[float]:
    work()  # the first one may have something to make
    return [_timed(work) for _ in range(rounds)]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _spread(taken: list[float]) -> Spread:
    last = max(0, math.ceil(len(taken) * 0.99) - 1)
    return Spread(round(median(taken), 1), round(sorted(taken)[last], 1))


def _imports(statement: str) -> float:
    return median(
        _timed(lambda: subprocess.run([sys.executable, "-c", statement], check=True)) for _ in range(9)
    )


def _start() -> float:
    began = time.perf_counter()
    with running():
        return (time.perf_counter() - began) * 1000


def _suite() -> float:
    """Seconds that a client's suite takes as a whole, from the shell's view."""
    with _folder() as folder:
        (folder / "test_suite.py").write_text(SUITE.format(tests=TESTS), "utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "2",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:asyncio",
        ]
        began = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
        if done.returncode or f"{TESTS} passed" not in done.stdout:
            raise RuntimeError(f"the suite failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
        return time.perf_counter() - began


def _install() -> tuple[float, float]:
    """Seconds and millions of bytes of an install of the wheel into an empty environment; a cache may be warm."""
    _say("installing the wheel")
    with _folder() as folder:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
        (wheel,) = folder.glob("*.whl")
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}") or "uv"
        subprocess.run([uv, "venv", "--quiet", str(folder / "env")], check=True)
        python = folder / "env" / "bin" / "python"
        before = _size(folder / "env")
        command = [
            uv,
            "pip",
            "install",
            "--quiet",
            "--link-mode",
            "copy",
            "--python",
            str(python),
            str(wheel),
        ]
        taken = _timed(lambda: subprocess.run(command, check=True))
        return round(taken / 1000, 1), round((_size(folder / "env") - before) / 1e6, 1)


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file() and not each.is_symlink())


def _children(of: int) -> Iterator[int]:
    """Every process that descends from this one."""
    for child in _own_children(of):
        yield child
        yield from _children(child)


def _own_children(of: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it may have ended meanwhile
        for task in Path(f"/proc/{of}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def _memory(processes: Iterator[int]) -> float:
    """Millions of bytes of these, what they share counted once."""
    return round(sum(map(_proportional, processes)) / 1e6, 1)


def _proportional(process: int) -> int:
    """Bytes of one process; none of one that has ended meanwhile, as a cleaner of PostgreSQL's may."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


@contextmanager
def _folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="entrepot-kit-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def table(figures: Figures) -> str:
    """The figures for people."""
    rows = [
        ("import of the plugin", f"{figures.import_plugin_ms:.0f} ms", ""),
        ("import of entrepot.testing", f"{figures.import_kit_ms:.0f} ms", ""),
        ("start to ready", *_shown(figures.start_ms)),
        *((name, *_shown(spread)) for name, spread in figures.operations.items()),
        (f"a test, of {TESTS} on two workers", f"{figures.suite_ms_per_test:.0f} ms", ""),
        ("that suite as a whole", f"{figures.suite_seconds:.1f} s", ""),
        ("memory of a server", f"{figures.server_mb:.0f} MB", ""),
    ]
    if figures.install_seconds is not None:
        rows.append(
            ("install of the wheel", f"{figures.install_seconds:.1f} s", f"{figures.install_mb:.0f} MB")
        )
    head = [("", "p50, or all", "p99, or size"), ("---", "---", "---")]
    return "\n".join(f"| {' | '.join(each)} |" for each in (*head, *rows))


def page(figures: Figures) -> str:
    """The figures as a page of the documentation."""
    return PAGE.read_text("utf-8").format(
        cpus=figures.cpus, python=platform.python_version(), table=table(figures)
    )


def _shown(spread: Spread) -> tuple[str, str]:
    return f"{spread.p50:.1f} ms", f"{spread.p99:.1f} ms"


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
