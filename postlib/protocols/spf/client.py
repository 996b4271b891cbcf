"""Who is asking to be let in: the connection's facts, and the macro values they give (RFC 7208, sections 2.4, 4.1 and 7.2)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Client:
    """One SMTP client and what it said. `sender_domain` is the domain of `sender`; `now` is in seconds since 1970."""

    ip: Address
    local_part: str
    sender_domain: str
    helo: str
    receiver: str
    now: int

    @property
    def rrtype(self) -> str:
        """The type of address record that can match: A or AAAA."""
        return "A" if self.ip.version == 4 else "AAAA"

    @property
    def dotted(self) -> str:
        """The address with dots: four numbers, or 32 hexadecimal digits."""
        return str(self.ip) if self.ip.version == 4 else ".".join(f"{int(self.ip):032X}")

    @property
    def reverse_zone(self) -> str:
        """`in-addr` or `ip6`."""
        return "in-addr" if self.ip.version == 4 else "ip6"

    def values(self, domain: str, validated_name: str) -> dict[str, str]:
        """What each macro letter stands for while the record of `domain` is evaluated (section 7.2)."""
        return {
            "s": f"{self.local_part}@{self.sender_domain}",
            "l": self.local_part,
            "o": self.sender_domain,
            "d": domain,
            "i": self.dotted,
            "p": validated_name,
            "h": self.helo,
            "c": str(self.ip),
            "r": self.receiver or "unknown",
            "t": str(self.now),
            "v": self.reverse_zone,
        }


def client_address(ip: str | Address) -> Address:
    """The address to compare with: an IPv4-mapped IPv6 address is IPv4 (section 5). Raises ValueError for what is no address."""
    address = ip_address(ip)
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))  # the number alone: a scope (%eth0) is local to a host
    return address


def split_sender(sender: str, domain: str, helo: str) -> tuple[str, str]:
    """Local-part and domain of the sender: postmaster where there is none (section 4.3), and of HELO for a null one (2.4)."""
    local_part, at, sender_domain = sender.rpartition("@")
    if not sender:
        return "postmaster", helo
    return local_part or "postmaster", sender_domain if at else sender or domain
