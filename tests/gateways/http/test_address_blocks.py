"""Each block of special addresses is refused from its first address to its last, and no address beside it is."""

from __future__ import annotations

import ipaddress
from typing import Any, Final

import pytest

from entrepot.gateways.http.addresses import is_public

BLOCKS: Final = [
    ("", "0.0.0.0", "0.255.255.255", "1.0.0.0"),
    ("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"),
    ("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"),
    ("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"),
    ("169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"),
    ("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"),
    ("191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"),
    ("192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"),
    ("192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0"),
    ("192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0"),
    ("192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"),
    ("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"),
    ("192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0"),
    ("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"),
    ("198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"),
    ("203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"),
    ("223.255.255.255", "224.0.0.0", "255.255.255.255", ""),
    ("", "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"),
    (
        "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001::",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:200::",
    ),
    (
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
    ),
    (
        "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2002::",
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2003::",
    ),
    (
        "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
        "2620:4f:8000::",
        "2620:4f:8000:ffff:ffff:ffff:ffff:ffff",
        "2620:4f:8001::",
    ),
    (
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:1000::",
    ),
    ("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""),
]
"""The last address before a block, its first and last, and the first after it; empty where there is none."""


@pytest.mark.parametrize(("before", "first", "last", "after"), BLOCKS, ids=lambda text: text or "none")
def test_a_block_is_refused_to_its_ends_and_nothing_beside_it(
    before: str, first: str, last: str, after: str
) -> None:
    assert [is_public(each) for each in (first, last)] == [False, False]
    assert all(is_public(each) for each in (before, after) if each)


ROWS: Final = """
0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.0.0/29
192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24
192.88.99.0/24 192.88.99.2/32 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4
255.255.255.255/32
::1/128 ::/128 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128 2001:1::2/128 2001:1::3/128
2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16
2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10
"""
"""The rows of both registries of special-purpose addresses, as of `REGISTRIES_OF`, in their order; without the two that
carry an address of version 4, `::ffff:0:0/96` and `64:ff9b::/96`, which are judged as that."""


def test_every_row_of_the_registries_is_refused_from_its_first_address_to_its_last() -> None:
    blocks = [ipaddress.ip_network(row) for row in ROWS.split()]
    assert len(blocks) == 26 + 25 - 2
    assert [str(block) for block in blocks if is_public(str(block[0])) or is_public(str(block[-1]))] == []


@pytest.mark.parametrize("prefix", ["::ffff:", "64:ff9b::"])
def test_what_carries_an_address_of_version_4_is_judged_as_that(prefix: str) -> None:
    for before, first, last, after in BLOCKS[:17]:
        assert not any(is_public(prefix + each) for each in (first, last))
        assert all(is_public(prefix + each) for each in (before, after) if each)


def test_whatever_this_python_calls_not_global_is_refused() -> None:
    """A newer Python that knows of a new block says so here."""
    constants: Any = ipaddress
    of_4, of_6 = constants._IPv4Constants, constants._IPv6Constants
    blocks = [
        *of_4._private_networks,
        of_4._public_network,
        of_4._multicast_network,
        of_4._reserved_network,
        *(each for each in of_6._private_networks if str(each) != "::ffff:0:0/96"),
        *of_6._reserved_networks,
        of_6._multicast_network,
        of_6._linklocal_network,
        of_6._sitelocal_network,
    ]
    assert [str(each) for block in blocks for each in (block[0], block[-1]) if is_public(str(each))] == []
