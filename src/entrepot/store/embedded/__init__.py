"""Real PostgreSQL, from a wheel or the machine's own, run by a small supervisor of ours."""

import os
from pathlib import Path

from entrepot.store.embedded.errors import (
    EmbeddedError,
    EmbeddedUnavailableError,
    FolderInUseError,
    FolderUnusableError,
    OtherMajorVersionError,
    ServerFailedError,
    UpgradeError,
    UpgradeInterruptedError,
)
from entrepot.store.embedded.guest import connect_or_start
from entrepot.store.embedded.supervisor import EmbeddedPostgres

__all__ = [
    "EmbeddedError",
    "EmbeddedPostgres",
    "EmbeddedUnavailableError",
    "FolderInUseError",
    "FolderUnusableError",
    "OtherMajorVersionError",
    "ServerFailedError",
    "UpgradeError",
    "UpgradeInterruptedError",
    "connect_or_start",
    "default_data_dir",
]


def default_data_dir() -> Path:
    """`/var/lib/entrepot` for root, else the user's data directory."""
    if os.geteuid() == 0:
        return Path("/var/lib/entrepot")
    import platformdirs

    return Path(platformdirs.user_data_dir("entrepot", appauthor=False))
