"""The guard under the AvaTax SDK: its library for HTTP connects to checked addresses alone."""

from __future__ import annotations

import socket
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from entrepot.gateways.http.addresses import ForbiddenAddressError, admitted_now


def _connected(connection: Any) -> socket.socket:
    """A socket to the first checked address that connects; its host keeps its name for TLS and `Host`."""
    try:
        addresses = admitted_now(connection._dns_host, connection.port, private=False)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except ForbiddenAddressError as error:
        raise NewConnectionError(connection, str(error)) from error
    failure: OSError | None = None
    for address in addresses:
        try:
            return create_connection(
                (address, connection.port), connection.timeout, socket_options=connection.socket_options
            )
        except OSError as error:
            failure = error
    raise NewConnectionError(connection, f"Failed to establish a new connection: {failure}") from failure


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self)


class _Tls(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls: Any = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls: Any = _Tls


class _Guarded(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        manager = cast("Any", self).poolmanager
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}


def session(*, private: bool) -> requests.Session:
    """A session that asks no proxy. Unless `private`, it goes to the open internet alone."""
    made = requests.Session()
    made.trust_env = False
    if not private:
        for scheme in ("http://", "https://"):
            made.mount(scheme, _Guarded())
    return made
