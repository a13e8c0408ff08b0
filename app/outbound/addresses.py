"""Which IP addresses may be connected to for a URL from outside: public ones, and the operator's
networks.

IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), read in 2026:
https://www.iana.org/assignments/iana-ipv4-special-registry
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], list[str]]
"""The addresses of a name, as the system gives them."""

SPECIAL_V4 = [
    ip_network(one) for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
GLOBAL_V6 = ip_network("2000::/3")
"""All that is given to hosts on the internet. RFC 4291 section 2.4"""
SPECIAL_V6 = [
    ip_network(one) for one in (
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
]  # fmt: skip
"""What of that is special; Teredo is in the first."""
EMBEDDING = [ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96")]
"""Prefixes whose last 32 bits are the IPv4 address that is meant. RFC 4291, RFC 6052"""
ISATAP = (0x00005EFE, 0x02005EFE)
"""The third 32 bits of an address whose last 32 are an IPv4 address. RFC 5214 section 6.1"""


class Refused(Exception):
    """A URL that is not fetched; the message says why."""


def embedded_ipv4(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address embeds, or the address itself."""
    if isinstance(address, IPv6Address):
        prefixed = any(address in network for network in EMBEDDING)
        if prefixed or (int(address) >> 32) & 0xFFFFFFFF in ISATAP:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Return whether an address, and the one that it embeds, is public."""
    meant = embedded_ipv4(address)
    if isinstance(meant, IPv4Address):
        return not any(meant in network for network in SPECIAL_V4)
    return meant in GLOBAL_V6 and not any(meant in network for network in SPECIAL_V6)


def resolve(host: str, port: int) -> list[str]:
    """Resolve a host name with the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True)
class Guard:
    """Decides which addresses may be connected to. `networks`: the operator's, allowed besides
    public ones."""

    networks: Sequence[Network] = ()
    resolver: Resolver = resolve

    def addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """Return the checked addresses of a host. Raises `Refused` if one of them is not allowed."""
        given = self.resolved(host, port, seconds)
        found = [parse_address(one, host) for one in given]
        for address in found:
            if not self.allows(address):
                raise Refused(f"{host} is at {address}, which is not a public address.")
        if not found:
            raise Refused(f"{host} has no address.")
        if not is_port_allowed(port) and not all(map(self.is_own, found)):
            raise Refused(f"Port {port} is of another protocol than HTTP.")
        return [str(address) for address in found]

    def allows(self, address: Address) -> bool:
        return is_public(address) or self.is_own(address)

    def is_own(self, address: Address) -> bool:
        """Return whether an address is in one of the operator's networks."""
        return any(embedded_ipv4(address) in network for network in self.networks)

    def resolved(self, host: str, port: int, seconds: float) -> list[str]:
        """Resolve a host with a time limit; the resolver has none, so it runs in a thread."""
        answers: list[list[str] | Exception] = []

        def ask() -> None:
            try:
                answers.append(self.resolver(host, port))
            except (OSError, ValueError) as wrong:
                answers.append(wrong)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(seconds)
        if not answers:
            raise Refused(f"No answer in time to where {host} is.")
        if isinstance(answers[0], Exception):
            raise Refused(f"{host} is not known: {answers[0]}.") from answers[0]
        return answers[0]


def parse_address(address: str, host: str) -> Address:
    try:
        return ip_address(address)
    except ValueError as wrong:
        raise Refused(f"{host} is at {address!r}, which is no address.") from wrong


def is_port_allowed(port: int) -> bool:
    """Return whether a port is 80, 443 or at least 1024; lower ones belong to other protocols."""
    return port in (80, 443) or port >= 1024
