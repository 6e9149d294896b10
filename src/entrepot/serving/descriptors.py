"""How many connections a process may hold: the soft limit of many systems, 1024, is less than a server needs."""

from __future__ import annotations

import contextlib

ENOUGH = 65_536


def allow_many_connections() -> None:
    """Raise this process's own limit of open files as far as the system lets it, up to `ENOUGH`."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
