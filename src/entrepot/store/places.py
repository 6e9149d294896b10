"""The servers that a database URL names: usually one, and several where a standby may take the first one's place."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

_PORT: Final = 5432
_WRITING: Final = frozenset({"read-write", "primary"})


class Place(NamedTuple):
    """Where one server answers: a host name, an address or the folder of a socket."""

    host: str
    port: int


def places_of(url: str) -> list[Place]:
    """The servers in the URL's order; none where it leaves them to the environment.

    They stand before the database, as `a:5432,b:5433`, or in its parameters, as `host=a,b&port=5432,5433`. Raises
    ValueError for a host or port that cannot be, and where several are named and one that only reads would do.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    authority = parts.netloc.rpartition("@")[2]
    named = authority or query.get("host", "")
    if not named:
        return []
    hosts = named.split(",")
    ports = _ports(query.get("port", ""), len(hosts))
    found = [_place(host, port, quoted=bool(authority)) for host, port in zip(hosts, ports, strict=True)]
    if len(found) > 1 and query.get("target_session_attrs", "read-write") not in _WRITING:
        raise ValueError("of several servers the one that takes writes is wanted")
    return found


def wants_writes(url: str) -> bool:
    """Whether the URL asks for a server that takes writes."""
    return dict(parse_qsl(urlsplit(url).query)).get("target_session_attrs") in _WRITING


def narrowed(url: str, place: Place) -> str:
    """The URL with this server alone."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    query = {name: value for name, value in parse_qsl(parts.query) if name not in ("host", "port")}
    where = f"[{place.host}]" if ":" in place.host else place.host
    if place.host.startswith("/"):
        where, query = "", {**query, "host": place.host, "port": str(place.port)}
    else:
        where += f":{place.port}"
    # Put together by hand: where no server stands before the database, `urlunsplit` leaves the slashes out.
    asked = f"?{urlencode(query, quote_via=quote)}" if query else ""
    return f"{parts.scheme}://{user}{at}{where}{parts.path}{asked}"


def _ports(text: str, count: int) -> list[int]:
    ports = [int(each) for each in text.split(",")] if text else [_PORT]
    return ports * count if len(ports) == 1 else ports


def _place(text: str, default: int, *, quoted: bool) -> Place:
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
    elif text.startswith("/"):
        host, port = text, ""
    else:
        host, colon, port = text.partition(":")
        port = colon + port
    number = int(port.removeprefix(":")) if port else default
    if not host or not 0 < number <= 65_535:
        raise ValueError("a server has a host, and a port from 1 to 65535")
    return Place(unquote(host) if quoted else host, number)
