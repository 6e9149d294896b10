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

NEWEST_DOCUMENT: Final = "RFC 9780 (May 2025)"
"""Up to which document the tables have what IANA's registries of special-purpose, multicast and unicast addresses name.

They were written by hand, not copied from the registries of a day, and compared with what Python 3.11.7, 3.12.1 and
3.13.0 know: whatever one of these calls not global is in them. A test compares them with the Python that runs it.
"""

_SPECIAL_IPV4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this host, this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared behind a provider's address translation
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, clouds' metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # automatic multicast tunnelling
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_GLOBAL_IPV6: Final = IPv6Network("2000::/3")
"""All that is given out as global unicast; the rest of IPv6 is local, multicast or reserved."""
_SPECIAL_IPV6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo, benchmarks, hashes instead of places
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which leads to an IPv4 address of its sender's choice
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
_CARRYING_IPV4: Final = (
    IPv6Network("::ffff:0:0/96"),  # the kernel connects over IPv4
    IPv6Network("64:ff9b::/96"),  # a NAT64 does
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
