"""The header with which a lab connection opens: PROXY protocol version 2 (HAProxy, proxy-protocol.txt, section 2.2).

It carries the addresses that both ends have inside the lab. Only what a lab's Network sends is taken: a proxied TCP connection
over IPv4 or IPv6. Version 1, local commands, UDP and Unix sockets name no address of the lab and are refused.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Protocol

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FIXED = 16  # octets before the addresses
LONGEST = 536  # a whole header fits the smallest segment that every host must take (proxy-protocol.txt, section 2)
VERSION_2_PROXY = 0x21
ADDRESS_LENGTHS = {0x11: 4, 0x21: 16}  # TCP over IPv4, TCP over IPv6: octets of one address

Header = tuple[str, str, int]
"""Source address, destination address, destination port."""


class ExactReader(Protocol):
    """Anything one can read exactly `n` octets from; EOFError where the stream ends before."""

    async def readexactly(self, n: int, /) -> bytes:
        """The next `n` octets."""
        ...


async def read_header(reader: ExactReader) -> Header:
    """Read one header and not an octet more. Returns the source, the destination and its port.

    Raises ValueError for what is not such a header, EOFError where the stream ends within it. The caller sets the time limit.
    """
    fixed = await reader.readexactly(FIXED)
    return parse(fixed + await reader.readexactly(announced(fixed)))


def announced(fixed: bytes) -> int:
    """How many octets follow the first sixteen. Raises ValueError for no version 2 header and for one beyond LONGEST."""
    if len(fixed) != FIXED or not fixed.startswith(SIGNATURE):
        raise ValueError("the connection does not begin with a PROXY protocol version 2 header")
    length: int = struct.unpack("!H", fixed[14:])[0]
    if FIXED + length > LONGEST:
        raise ValueError(f"a PROXY header of {FIXED + length} octets; {LONGEST} are the most")
    return length


def parse(header: bytes) -> Header:
    """The source, the destination and its port. Raises ValueError for any other octets than one whole header.

    What follows the addresses (the extensions of section 2.2, TLVs) is not looked at.
    """
    if len(header) < FIXED or len(header) - FIXED != announced(header[:FIXED]):
        raise ValueError("a PROXY header that is cut short or too long")
    command, family = header[12:14]
    if command != VERSION_2_PROXY:
        raise ValueError(f"PROXY version and command {command:#04x}, where only {VERSION_2_PROXY:#04x} names addresses of the lab")
    if family not in ADDRESS_LENGTHS:
        raise ValueError(f"PROXY family and transport {family:#04x}, where only TCP over IPv4 or IPv6 is spoken")
    size, addresses = ADDRESS_LENGTHS[family], header[FIXED:]
    if len(addresses) < 2 * size + 4:
        raise ValueError("a PROXY header too short for its addresses")
    source, destination = (str(ipaddress.ip_address(addresses[start : start + size])) for start in (0, size))
    port: int = struct.unpack("!H", addresses[2 * size + 2 : 2 * size + 4])[0]
    return source, destination, port
