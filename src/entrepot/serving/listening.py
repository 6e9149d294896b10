"""The listening socket, bound once and shared by all workers."""

import errno
import os
import socket
import ssl
import time
from pathlib import Path

from entrepot.config import Settings

BACKLOG = 2048
KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""A peer that is gone is found within two minutes, unseen by those that are there. Not every system can set these."""
# The workers of a server that was killed let go of the port within a moment.
BIND_LIMIT = 3.0


class ServeError(Exception):
    """The server cannot start; the text says why."""


def bind(settings: Settings) -> socket.socket:
    """Bind and listen; raises ServeError naming the address where that fails."""
    deadline = time.monotonic() + BIND_LIMIT
    while True:
        try:
            return _listen(settings.host, settings.port)
        except OSError as error:
            busy = error.errno == errno.EADDRINUSE
            if not busy or time.monotonic() > deadline:
                raise ServeError(_explain(settings, error)) from None
        time.sleep(0.05)


def check_tls(settings: Settings) -> None:
    """Raise ServeError where certificate and key cannot be used, before anything is started for them."""
    if settings.tls_cert is None or settings.tls_key is None:
        return
    if reason := tls_fault(settings.tls_cert, settings.tls_key):
        raise ServeError(
            f"--tls-cert {settings.tls_cert}, --tls-key {settings.tls_key}: they cannot be used ({reason}); "
            "expected a certificate in PEM format and its private key without a password."
        )


def tls_fault(certificate: Path, key: Path) -> str | None:
    """Why certificate and key cannot be used together, or None."""
    try:
        # Without a password of ours, OpenSSL would ask the terminal for that of an encrypted key.
        ssl.create_default_context().load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError) as error:
        return str(getattr(error, "reason", None) or error.strerror)
    return None


def url_of(settings: Settings, listener: socket.socket) -> str:
    """The address that a client on this machine may use."""
    address: tuple[str, int] = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0])  # noqa: S104
    port = address[1]
    return f"{settings.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _keep_alive(listener)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _keep_alive(listener: socket.socket) -> None:
    """Have the system look whether peers are still there; connections take this over from their listener."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEP_ALIVE.items():
        option = getattr(socket, name, None)
        if option is not None:
            listener.setsockopt(socket.IPPROTO_TCP, option, value)


def _explain(settings: Settings, error: OSError) -> str:
    where = f"{settings.host}, port {settings.port}"
    reason = error.strerror or os.strerror(error.errno or 0)
    return f"Cannot listen on {where}: {reason}. Choose another address with --host or --port."
