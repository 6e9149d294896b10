"""Which addresses a request may go to."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address
from random import Random
from typing import Any

import pytest

from entrepot.gateways.http import is_public


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::5db8:d70e", True),
        ("2606:4700::1111", True),
        ("2a00:1450::1", True),
        ("2001:200::1", True),
        ("1.1.1.1", True),
        ("100.63.255.255", True),
        ("100.128.0.0", True),
        ("172.15.255.255", True),
        ("172.32.0.0", True),
        ("192.0.1.1", True),
        ("223.255.255.255", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("192.0.2.1", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::a00:1", False),
        ("2002:7f00:1::1", False),
        ("2002:5db8:d70e::1", False),
        ("::93.184.215.14", False),
        ("::ffff:0:5db8:d70e", False),
        ("192.0.0.8", False),
        ("192.0.0.9", False),
        ("192.31.196.1", False),
        ("192.52.193.1", False),
        ("192.88.99.1", False),
        ("192.175.48.1", False),
        ("198.18.0.1", False),
        ("198.19.255.255", False),
        ("198.51.100.1", False),
        ("203.0.113.1", False),
        ("239.255.255.250", False),
        ("64:ff9b::c000:1", False),
        ("100::1", False),
        ("100:0:0:1::1", False),
        ("2001::1", False),
        ("2001:1::1", False),
        ("2001:2::1", False),
        ("2001:20::1", False),
        ("2001:30::1", False),
        ("2620:4f:8000::1", False),
        ("3fff::1", False),
        ("3fff:fff::1", False),
        ("4000::1", False),
        ("5f00::1", False),
        ("fdff::1", False),
        ("febf::1", False),
        ("partner.test", False),
        ("", False),
    ],
)
def test_public_addresses_are_those_of_the_open_internet(address: str, public: bool):
    assert is_public(address) is public


def test_whatever_this_python_knows_to_be_special_is_refused():
    """Its lists are IANA's as of its release; ours may be longer."""
    known: Any = ipaddress
    networks = [
        network for kind in (known._IPv4Constants, known._IPv6Constants) for network in kind._private_networks
    ]
    assert len(networks) > 20
    assert [str(each) for each in networks if is_public(str(each[0])) or is_public(str(each[-1]))] == []
    random = Random("addresses")
    tried = [IPv4Address(random.getrandbits(32)) for _ in range(5_000)]
    tried += [IPv6Address((0b001 << 125) | random.getrandbits(125)) for _ in range(5_000)]
    assert [str(each) for each in tried if is_public(str(each)) and not each.is_global] == []
    assert sum(is_public(str(each)) for each in tried) > 5_000


def test_the_answer_is_ours_whatever_python_knows(monkeypatch: pytest.MonkeyPatch):
    for kind in (IPv4Address, IPv6Address):
        for told in ("is_global", "is_private", "is_reserved", "is_multicast"):
            monkeypatch.setattr(kind, told, property(lambda _: pytest.fail("asked Python")))
    assert [is_public(each) for each in ("1.1.1.1", "10.0.0.1", "2606:4700::1", "fc00::1")] == [1, 0, 1, 0]
