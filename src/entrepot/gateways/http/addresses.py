"""Which network addresses a request may go to when somebody else chose the host name.

The table is our own, so that the answer is the same whatever the version of Python knows.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of a host and port; raises OSError when there are none."""

MAX_ADDRESSES: Final = 4
"""So many addresses of a host are tried."""

REGISTRIES_OF: Final = "2026-07-18"
"""The day as of which the tables have every row of IANA's registries of special-purpose addresses,
https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry: also those that these call
globally reachable, as anycast is, since none of them is a host of anybody's.

The newest row of IPv4 was then of RFC 8155 (2017-02), of IPv6 of RFC 9780 (2025-04). Multicast has registries of its
own (RFC 5771, RFC 4291). A test has the rows one by one, another compares with what the Python that runs it knows.
"""

_SPECIAL_IPV4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # RFC 791: this host, this network
            "10.0.0.0/8",  # RFC 1918: private
            "100.64.0.0/10",  # RFC 6598: shared behind a provider's address translation
            "127.0.0.0/8",  # RFC 1122: loopback
            "169.254.0.0/16",  # RFC 3927: link-local, clouds' metadata
            "172.16.0.0/12",  # RFC 1918: private
            "192.0.0.0/24",  # RFC 6890: protocol assignments
            "192.0.2.0/24",  # RFC 5737: documentation
            "192.31.196.0/24",  # RFC 7535: AS112
            "192.52.193.0/24",  # RFC 7450: automatic multicast tunnelling
            "192.88.99.0/24",  # RFC 7526, RFC 6751: relays of 6to4 and 6a44
            "192.168.0.0/16",  # RFC 1918: private
            "192.175.48.0/24",  # RFC 7534: AS112
            "198.18.0.0/15",  # RFC 2544: benchmarks
            "198.51.100.0/24",  # RFC 5737: documentation
            "203.0.113.0/24",  # RFC 5737: documentation
            "224.0.0.0/4",  # RFC 5771: multicast
            "240.0.0.0/4",  # RFC 1112, RFC 919: reserved, broadcast
        ),
    )
)
_GLOBAL_IPV6: Final = IPv6Network("2000::/3")
"""All that is given out as global unicast (RFC 4291). The rest is local, multicast or reserved, and with it rows of the
registry as 100:0:0:1::/64 (RFC 9780) and 5f00::/16 (RFC 9602)."""
_SPECIAL_IPV6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # RFC 2928: protocol assignments, Teredo, benchmarks, hashes instead of places
            "2001:db8::/32",  # RFC 3849: documentation
            "2002::/16",  # RFC 3056: 6to4, which leads to an IPv4 address of its sender's choice
            "2620:4f:8000::/48",  # RFC 7534: AS112
            "3fff::/20",  # RFC 9637: documentation
        ),
    )
)
_CARRYING_IPV4: Final = (
    IPv6Network("::ffff:0:0/96"),  # RFC 4291: the kernel connects over IPv4
    IPv6Network("64:ff9b::/96"),  # RFC 6052: a NAT64 does
)


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver. Raises OSError for an unknown host, UnicodeError for an impossible name."""
    answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class ForbiddenAddressError(OSError):
    """A host has an address to which nothing may be sent."""


async def admitted(host: str, port: int, *, private: bool, resolve: Resolve = resolve) -> Sequence[str]:
    """The few addresses of a host to which a connection may be made, in the resolver's order.

    One that is not of the open internet forbids the host, unless `private`. Raises `ForbiddenAddressError`, and what
    `resolve` raises.
    """
    return _judged(await resolve(host, port), private=private)


def admitted_now(host: str, port: int, *, private: bool) -> Sequence[str]:
    """As `admitted`, for a thread that may wait."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return _judged(list(dict.fromkeys(str(answer[4][0]) for answer in answers)), private=private)


def _judged(addresses: Sequence[str], *, private: bool) -> Sequence[str]:
    if not addresses:
        raise OSError("the host was not found")
    if not private and not all(map(is_public, addresses)):
        raise ForbiddenAddressError("the host has an address that is not allowed")
    return addresses[:MAX_ADDRESSES]


def is_public(address: str) -> bool:
    """Tell whether an address is global unicast; one of IPv6 that stands for one of IPv4 is judged as that."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    plain = ip if isinstance(ip, IPv4Address) else _carried(ip)
    if plain is None:
        return ip in _GLOBAL_IPV6 and not any(ip in network for network in _SPECIAL_IPV6)
    return not any(plain in network for network in _SPECIAL_IPV4)


def _carried(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that the kernel or a router would reach instead of this one."""
    if any(ip in network for network in _CARRYING_IPV4):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
