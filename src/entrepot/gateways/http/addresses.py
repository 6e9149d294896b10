"""Which network addresses a request may go to when somebody else chose the host name."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of a host and port; raises OSError when there are none."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = IPv6Network("::/96")


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver. Raises OSError for an unknown host, UnicodeError for an impossible name."""
    answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def is_public(address: str) -> bool:
    """Tell whether an address is one of the open internet; one of IPv6 that carries one of IPv4 is that."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return _is_global_unicast(ip if isinstance(ip, IPv4Address) else _carried(ip) or ip)


def _is_global_unicast(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST:
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def _carried(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that the kernel or a router would reach instead of this one."""
    if ip in _NAT64 or ip in _IPV4_COMPATIBLE:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour
