"""How public an address is: it decides to which addresses a registry may send the operator.

Sources: the IANA special-purpose address registries (RFC 6890 and its successors), and for whom a public server may
send inwards the "Private Network Access" draft of the WICG. Python's ``ipaddress.is_global`` is not asked: what it says
of some networks differs between patch releases (CVE-2024-4032), and it does not look into embedded IPv4 addresses.
"""

import ipaddress
from collections.abc import Iterator
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final


class AddressSpace(IntEnum):
    """Who reaches an address, from few to all; the greater, the more public."""

    LINK = 0  # the link of this machine: link-local, multicast, and the metadata services of clouds
    HOST = 1  # this machine alone: loopback
    PRIVATE = 2  # a private network, and all that IANA does not give to the public internet
    PUBLIC = 3


_HOST_V4: Final = tuple(IPv4Network(network) for network in ("0.0.0.0/8", "127.0.0.0/8"))
_LINK_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        *("169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32"),
        "168.63.129.16/32",  # Azure, "What is IP address 168.63.129.16": not private, and only for the machine
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "192.0.0.192/32",  # metadata of Oracle Cloud Classic
    )
)
_NOT_PUBLIC_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        *("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"),
    )
)
_HOST_V6: Final = IPv6Network("::/127")
_LINK_V6: Final = tuple(
    IPv6Network(network)
    for network in (
        *("fe80::/10", "ff00::/8"),
        *("fd00:ec2::/32", "fd20:ce::/32", "fd00:42::42/128"),  # metadata of AWS, Google Cloud and Scaleway
    )
)
_PUBLIC_V6: Final = IPv6Network("2000::/3")  # IANA, "IPv6 Global Unicast Address Assignments"
_NOT_PUBLIC_V6: Final = tuple(IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")  # RFC 3056
_TEREDO: Final = IPv6Network("2001::/32")  # RFC 4380
_LAST_32: Final = tuple(  # networks whose last 32 bits are an IPv4 address to which the packet goes in the end
    IPv6Network(network)
    for network in (
        "::ffff:0:0/96",  # IPv4-mapped, RFC 4291
        "::/96",  # IPv4-compatible, RFC 4291
        "::ffff:0:0:0/96",  # SIIT, RFC 7915
        "64:ff9b::/96",  # NAT64, RFC 6052
        "64:ff9b:1::/48",  # NAT64 of a network of one's own, RFC 8215
    )
)
_TRANSPARENT: Final = frozenset(_LAST_32[:1] + _LAST_32[3:4])  # as public as the embedded address, not less
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})  # RFC 5214: before the IPv4 address in the last 32 bits


def address_space_of(address: str) -> AddressSpace:
    """The address space of an IP address; of one that holds another one, as NAT64's do, the lesser of both.

    Total: what is not an address has the least public space.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return AddressSpace.LINK
    if isinstance(parsed, IPv4Address):
        return _space_of_v4(parsed)
    return min([_space_of_v6(parsed), *map(_space_of_v4, _embedded(parsed))])


def _space_of_v4(address: IPv4Address) -> AddressSpace:
    if any(address in network for network in _LINK_V4):
        return AddressSpace.LINK
    if any(address in network for network in _HOST_V4):
        return AddressSpace.HOST
    return AddressSpace.PRIVATE if any(address in network for network in _NOT_PUBLIC_V4) else AddressSpace.PUBLIC


def _space_of_v6(address: IPv6Address) -> AddressSpace:
    if any(address in network for network in _LINK_V6):
        return AddressSpace.LINK
    if address in _HOST_V6:
        return AddressSpace.HOST
    if any(address in network for network in _TRANSPARENT):
        return AddressSpace.PUBLIC
    public = address in _PUBLIC_V6 and not any(address in network for network in _NOT_PUBLIC_V6)
    return AddressSpace.PUBLIC if public else AddressSpace.PRIVATE


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses in ``address`` to which a tunnel or translator would pass the packet on."""
    number = int(address)
    if any(address in network for network in _LAST_32) or number >> 32 & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(number & 0xFFFFFFFF)
    if address in _SIX_TO_FOUR:
        yield IPv4Address(number >> 80 & 0xFFFFFFFF)
    if address in _TEREDO:
        yield IPv4Address(number >> 64 & 0xFFFFFFFF)
        yield IPv4Address(~number & 0xFFFFFFFF)
