"""What can keep the embedded PostgreSQL from running.

EmbeddedError
├── FolderInUseError           another process owns the data folder
├── FolderUnusableError        the folder cannot be made, entered or locked
├── OtherMajorVersionError     the folder was written by another major version of PostgreSQL
├── UpgradeInterruptedError    an upgrade ended before the new data stood in the old one's place
├── UpgradeError               the folder cannot be brought to this major version; nothing has changed
├── EmbeddedUnavailableError   this machine or account cannot run the server at all
└── ServerFailedError          PostgreSQL ended, or did not answer, within the start limit
"""

from pathlib import Path


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot run; the text says why and which flags help."""


class FolderInUseError(EmbeddedError):
    """Another process owns the data folder; `holder` is its process id where known."""

    def __init__(self, folder: Path, holder: int | None) -> None:
        self.holder = holder
        who = f"process {holder}" if holder else "another process"
        super().__init__(
            f"The data folder {folder} is in use: {who} already runs Entrepôt's PostgreSQL on it. "
            "Stop that one first, or give this one its own folder with --data-dir."
        )


class FolderUnusableError(EmbeddedError):
    """The data folder cannot be made, entered or locked."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"The data folder {folder} cannot be used: {why}. "
            "Name another folder with --data-dir, or your own PostgreSQL with --database-url."
        )


class OtherMajorVersionError(EmbeddedError):
    """The folder was written by another major version of PostgreSQL; nothing was started."""

    def __init__(self, folder: Path, found: str, wanted: str, programs: Path) -> None:
        newer = found.isdigit() and int(found) > int(wanted)
        help_ = (
            f"Install PostgreSQL {found}, and name the folder of its programs with ENTREPOT_POSTGRES_BIN."
            if newer
            else f"Bring the data over with: entrepot upgrade-data --data-dir '{folder}'"
        )
        super().__init__(
            f"The data folder {folder} was written by PostgreSQL {found}; this Entrepôt runs {wanted} "
            f"({programs}). Nothing was started. {help_}"
        )


class UpgradeInterruptedError(EmbeddedError):
    """An upgrade ended before the new data stood in the old one's place; nothing was started."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"An upgrade of the data folder {folder} was interrupted; nothing was started and nothing is lost. "
            f"Bring it to its end with: entrepot upgrade-data --data-dir '{folder}'"
        )


class UpgradeError(EmbeddedError):
    """The folder cannot be brought to this major version; nothing has changed."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"The data folder {folder} stays as it is: {why}")


class EmbeddedUnavailableError(EmbeddedError):
    """This machine or account cannot run the embedded server at all."""

    def __init__(
        self,
        why: str,
        instead: str = "name the folder of its programs, 15 or newer, with ENTREPOT_POSTGRES_BIN",
    ) -> None:
        super().__init__(
            f"The embedded PostgreSQL cannot run here: {why}. "
            f"Name your own PostgreSQL with --database-url, or {instead}."
        )


class ServerFailedError(EmbeddedError):
    """PostgreSQL ended, or did not answer, within the start limit; carries the end of its log."""

    def __init__(self, what: str, log: str) -> None:
        super().__init__(
            f"The embedded PostgreSQL {what}. Its log ends with:\n{log}\n"
            "Name another folder with --data-dir, or your own PostgreSQL with --database-url."
        )
