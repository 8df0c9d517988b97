import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.source.registry.address_space import AddressSpace, address_space_of

PUBLIC = [
    "1.1.1.1",
    "140.82.121.34",
    "8.8.8.8",
    "192.0.1.1",
    "100.63.255.255",
    "100.128.0.1",
    "172.32.0.1",
    "2606:4700::1",
]
PRIVATE = [
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255", "198.18.0.1"),
    *("192.0.0.1", "192.0.2.1", "192.88.99.1", "198.51.100.1", "203.0.113.1", "240.0.0.1"),
    *("fc00::1", "fd12::1", "fec0::1", "2001:db8::1", "100::1", "3fff::1", "5f00::1", "2001:2::1", "4000::1"),
]
HOST = [
    *("127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3"),  # noqa: S104 - an address, which nothing listens on
    *("::", "::1"),
]
LINK = [
    *("169.254.169.254", "169.254.0.1", "224.0.0.1"),
    *("239.255.255.255", "255.255.255.255", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
    *("fe80::1", "fe80::1%eth0", "ff02::1", "fd00:ec2::254", "fd20:ce::254", "fd00:42::42"),
]


@pytest.mark.parametrize(
    ("address", "wanted"),
    [(each, reach) for reach, all_ in [(0, LINK), (1, HOST), (2, PRIVATE), (3, PUBLIC)] for each in all_],
)
def test_an_address_has_the_reach_that_iana_gives_it(address, wanted):
    assert address_space_of(address) is AddressSpace(wanted)


def embedded(v4: str) -> list[str]:
    number = int(ipaddress.IPv4Address(v4))
    low = f"{number >> 16:x}:{number & 0xFFFF:x}"
    inverted = f"{(number ^ 0xFFFFFFFF) >> 16:x}:{(number ^ 0xFFFFFFFF) & 0xFFFF:x}"
    return [
        f"::ffff:{v4}",
        f"::{v4}",
        f"::ffff:0:{low}",
        f"64:ff9b::{low}",
        f"64:ff9b:1::{low}",
        f"2002:{low}::1",
        f"2001:0:{low}::1",
        f"2001:0:808:808:0:0:{inverted}",
        f"2606:4700::5efe:{low}",
        f"2606:4700::200:5efe:{low}",
    ]


@pytest.mark.parametrize("address", embedded("127.0.0.1"))
def test_an_address_of_this_machine_hides_in_no_other(address):
    assert address_space_of(address) is AddressSpace.HOST


@pytest.mark.parametrize("address", embedded("169.254.169.254"))
def test_an_address_of_the_link_hides_in_no_other(address):
    assert address_space_of(address) is AddressSpace.LINK


@pytest.mark.parametrize("address", embedded("10.0.0.1") + embedded("192.168.1.1"))
def test_a_private_address_hides_in_no_other(address):
    assert address_space_of(address) < AddressSpace.PUBLIC


@pytest.mark.parametrize("address", ["::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"])
def test_a_public_address_in_another_one_is_public(address):
    assert address_space_of(address) is AddressSpace.PUBLIC


@given(st.ip_addresses())
def test_what_python_takes_for_private_is_never_public(address):
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        mapped = getattr(address, "ipv4_mapped", None)  # Python takes all of these for private
        assert mapped is not None or address_space_of(str(address)) < AddressSpace.PUBLIC


@given(st.text())
def test_what_is_not_an_address_has_the_least_reach(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert address_space_of(text) is AddressSpace.LINK


@pytest.mark.parametrize("address", ["::808:808", "::ffff:0:808:808", "64:ff9b:1::808:808"])
def test_what_is_routed_only_within_a_network_is_no_more_public_for_the_address_that_it_holds(address):
    assert address_space_of(address) is AddressSpace.PRIVATE
