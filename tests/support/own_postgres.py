"""A PostgreSQL of a test's own, stopped and started again on one address; it never comes back by itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

from entrepot.store.embedded.account import server_account
from entrepot.store.embedded.binaries import find_installation
from entrepot.store.embedded.folder import Folder, remove_socket_folder
from entrepot.store.embedded.process import start_server, stop_server
from entrepot.store.embedded.supervisor import connection_url, make_cluster


class OwnPostgres:
    """One server on a folder; it runs from `start` to `stop`, as often as wanted."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = Folder(data_dir, server_account())
        self._folder.prepare()
        self._installation = find_installation(self._folder.account, data_dir)
        make_cluster(self._folder, self._installation)
        self._socket = self._folder.make_socket_folder()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = connection_url(self._socket)

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._process = start_server(self._folder, self._installation.programs, self._socket)

    def stop(self) -> None:
        """Stop it; whoever is connected loses the connection."""
        process, self._process = self._process, None
        if process is not None:
            stop_server(process.pid, lambda: process.poll() is not None)

    def end(self) -> None:
        """Stop it for good."""
        self.stop()
        remove_socket_folder(self._socket)
