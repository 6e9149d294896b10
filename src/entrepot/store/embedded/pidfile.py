"""PostgreSQL's postmaster.pid, and whether the process that it names is really that server."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PidFile:
    """What postmaster.pid says: the server's process, its socket folder, whether it calls itself ready."""

    pid: int
    socket_folder: Path
    ready: bool


def read_pid_file(path: Path) -> PidFile | None:
    """The file's content, or None while it is absent or incomplete."""
    try:
        lines = path.read_text("utf-8", "surrogateescape").splitlines()
        status = lines[7].strip() if len(lines) > 7 else ""
        return PidFile(int(lines[0]), Path(lines[4]), status in ("ready", "standby"))
    except (OSError, ValueError, IndexError):
        return None


def is_server(pid: int, cluster: Path) -> bool:
    """Whether the process runs PostgreSQL on this very folder; a reused number belongs to something else."""
    command = _command_of(pid)
    return "-D" in command and str(cluster) in command and Path(command[0]).name == "postgres"


def _command_of(pid: int) -> list[str]:
    if sys.platform == "linux":
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return []
        return os.fsdecode(raw).split("\0")[:-1]
    shown = subprocess.run(  # noqa: S603
        ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    program, _, rest = shown.stdout.strip().partition(" -D ")
    folder = rest.partition(" -p ")[0]
    return [program, "-D", folder]


def disown(path: Path) -> None:
    """Make a stale pid file harmless although its number now belongs to another process.

    PostgreSQL refuses to start while the process named there lives, but skips its own parent's number,
    which is ours. The rest of the file stays: with it PostgreSQL still sees whether orphaned backends
    of the dead server hold its shared memory, and waits for them instead of corrupting data.

    It is replaced whole, so that a full disk or a kill leaves it as it was. Raises OSError.
    """
    try:
        _, _, rest = path.read_text("utf-8", "surrogateescape").partition("\n")
    except FileNotFoundError:
        return
    whole = path.with_name("postmaster.pid.new")
    whole.write_text(f"{os.getpid()}\n{rest}", "utf-8", "surrogateescape")
    about = path.stat()
    os.chown(whole, about.st_uid, about.st_gid)
    whole.chmod(about.st_mode & 0o777)
    whole.replace(path)
