"""A cluster with this release's empty schema, kept so that servers whose data is temporary need not make one each.

It stands in the user's cache, is complete or absent, and is copied, never run. What it is made of is its name: other
programs, another machine or a changed schema have another. Where there is no cache to be used, there is no image.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from entrepot.store.embedded.account import server_account
from entrepot.store.embedded.binaries import find_installation
from entrepot.store.embedded.folder import Folder
from entrepot.store.embedded.installations import Installation
from entrepot.store.embedded.supervisor import EmbeddedPostgres
from entrepot.store.upkeep import migrate

OTHERS: Final = 2
"""How many images of other schemas are kept beside a new one: 50 MB each."""
UNFINISHED: Final = 3600
"""Seconds after which a copy that is not complete was left by a process that was killed."""
_STORE: Final = Path(__file__).parents[1]
_PARTIAL: Final = "partial-"


def default_cache() -> Path:
    """`/var/cache/entrepot` for root, else the user's cache."""
    if os.geteuid() == 0:
        return Path("/var/cache/entrepot")
    import platformdirs

    return Path(platformdirs.user_cache_dir("entrepot", appauthor=False))


def begin_from_image(data_dir: Path, cache: Path) -> None:
    """Let a temporary data folder begin with this release's schema, from the image, which is made where there is none.

    Raises what `EmbeddedPostgres.start` and `migrate.ensure` raise. Whatever is wrong with the cache is no fault: the
    folder is then left for its server to fill.
    """
    folder = Folder(data_dir, server_account())
    folder.prepare()
    installation = find_installation(folder.account, data_dir)
    kept = cache / f"schema-{_name(installation, folder)}"
    if _is_ours(cache) and _taken(kept, folder):
        return
    with EmbeddedPostgres(data_dir, durable=False) as url:
        migrate.ensure(url)
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        _keep(folder.cluster, kept)


def _name(installation: Installation, folder: Folder) -> str:
    """What the image depends on, digested: programs, account, machine, and all that makes the schema.

    Programs that were copied beside the data are the wheel's, wherever that data is.
    """
    copied = installation.programs.is_relative_to(folder.root)
    programs = (installation.major, None if copied else installation.programs, folder.account.user)
    digest = hashlib.sha256(f"{programs}{platform.platform()}".encode())
    for path in sorted(_STORE.rglob("*.py")):
        digest.update(f"{path.relative_to(_STORE)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _is_ours(cache: Path) -> bool:
    """Whether nobody else can have put anything there."""
    try:
        about = cache.stat()
    except OSError:
        return False
    return about.st_uid == os.geteuid() and not about.st_mode & 0o022


def _taken(kept: Path, folder: Folder) -> bool:
    """Copy the image into the data folder, if there is one."""
    if not kept.is_dir():
        return False
    partial = folder.root / "postgres-partial"
    try:
        os.utime(kept)
        _copy(kept, partial)
        partial.rename(folder.cluster)
    except (OSError, subprocess.CalledProcessError):
        shutil.rmtree(partial, ignore_errors=True)
        return False
    return True


def _keep(cluster: Path, kept: Path) -> None:
    """Copy the stopped cluster into the cache; of two who do so at once the first one's stands."""
    cache = kept.parent
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _is_ours(cache):
        return
    _clear(cache)
    partial = cache / f"{_PARTIAL}{os.getpid()}"
    try:
        _copy(cluster, partial)
        _make_durable(partial)
        partial.rename(kept)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """With owners and rights: where root lends an account, the files are that account's."""
    subprocess.run(["/bin/cp", "-a", str(source), str(target)], check=True, capture_output=True)  # noqa: S603


def _make_durable(folder: Path) -> None:
    """An image must not be half on disk after a power cut, since its name would say that it is whole."""
    for where, _, files in os.walk(folder):
        for name in (*files, "."):
            descriptor = os.open(Path(where, name), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _clear(cache: Path) -> None:
    """Remove what others did not finish, and all but the images that were taken last."""
    for each in cache.glob(f"{_PARTIAL}*"):
        if time.time() - each.stat().st_mtime > UNFINISHED:
            shutil.rmtree(each, ignore_errors=True)
    images = sorted(cache.glob("schema-*"), key=lambda each: each.stat().st_mtime, reverse=True)
    for each in images[OTHERS:]:
        shutil.rmtree(each, ignore_errors=True)
