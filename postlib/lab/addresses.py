"""The lab's address plan, one table: documentation prefixes only (RFC 5737, RFC 3849), in 48 blocks of 16 addresses.

| blocks | who |
|---|---|
| 0 | the root, the top-level domains, the recursive resolver |
| 1–13 | postal operators that run their own machines, in the world's order |
| 14–15 | a learner's own operator |
| 16–35 | providers: mailboxes, hosting, lists, forwarders, partners |
| 36–46 | attackers |
| 47 | 203.0.113.250, the outsider: any client that does not say who it is |
"""

from __future__ import annotations

from dataclasses import dataclass

PREFIXES = ("192.0.2", "198.51.100", "203.0.113")
BLOCK = 16
ROOT, POST, EXAMPLE, TEST, ARPA, RESOLVER = 1, 2, 3, 4, 5, 10  # places in block 0
FIRST_BLOCK = {"operator": 1, "learner": 14, "provider": 16, "attacker": 36}
LAST_BLOCK = {"operator": 13, "learner": 15, "provider": 35, "attacker": 46}


@dataclass(frozen=True)
class Block:
    """Sixteen IPv4 addresses and an IPv6 /48 that belong to one party."""

    number: int

    def __post_init__(self) -> None:
        if not 0 <= self.number < len(PREFIXES) * BLOCK:
            raise ValueError(f"the address plan has blocks 0 to 47, not {self.number}")

    def host(self, place: int) -> tuple[str, str]:
        """The IPv4 and IPv6 address of one place, 1 to 15."""
        prefix, block = divmod(self.number, BLOCK)
        return f"{PREFIXES[prefix]}.{block * BLOCK + place}", f"2001:db8:{self.number:x}::{place:x}"

    @property
    def ranges(self) -> tuple[str, str]:
        """The block's IPv4 and IPv6 prefix in CIDR form."""
        prefix, block = divmod(self.number, BLOCK)
        return f"{PREFIXES[prefix]}.{block * BLOCK}/28", f"2001:db8:{self.number:x}::/48"
