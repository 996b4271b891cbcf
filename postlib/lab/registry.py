"""What a parent zone says of a zone below it: servers, glue and DS, with the slips that a registrar's form lets through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import dns.name
import dns.rdatatype

from postlib.lab.dns.zone import Zone
from postlib.lab.state import State

RdataType = dns.rdatatype.RdataType
ADDRESSES = ((RdataType.A, False), (RdataType.AAAA, True))  # with whether there is a colon in them
SLIPS = ("", "digest", "tag", "algorithm")
MATCH = "match"


def set_servers(parent: Zone, origin: dns.name.Name, hosts: Iterable[str]) -> None:
    """Name the zone's servers; none at all withdraws the delegation, with its DS and its glue."""
    texts = [f"{host.rstrip('.')}." for host in hosts]
    if texts:
        parent.put(origin, RdataType.NS, texts)
        return
    for name in [origin, *parent.tree.below(origin)]:
        parent.place(name, {})


def set_glue(state: State, parent: Zone, glue: Mapping[dns.name.Name, Sequence[str]]) -> None:
    """Make these the addresses of each host; what there was of it before goes."""
    for host, addresses in glue.items():
        state.glue(parent, host, tuple(addresses))
        for rrtype, colon in ADDRESSES:
            if parent.get(host, rrtype) and not any((":" in address) == colon for address in addresses):
                parent.take(host, rrtype)


def set_ds(state: State, parent: Zone, origin: dns.name.Name, texts: Iterable[str], digest: int = 2, slip: str = "") -> None:
    """Make these the zone's DS records; "match" stands for those of the keys in use, and none withdraws them.

    `digest` is their digest type, `slip` what is copied wrongly: a digit of the digest, the key tag, or the algorithm.
    Raises ValueError.
    """
    if slip not in SLIPS:
        raise ValueError(f"a slip of the registrar's form is one of {', '.join(SLIPS[1:])}, not {slip!r}")
    ds = [text for given in texts for text in (matching(state, origin, digest, slip) if given == MATCH else [given])]
    if ds:
        parent.put(origin, RdataType.DS, ds)
    elif parent.get(origin, RdataType.DS):
        parent.take(origin, RdataType.DS)


def matching(state: State, origin: dns.name.Name, digest: int = 2, slip: str = "") -> list[str]:
    """The DS texts of the zone's keys. Raises ValueError for a zone that is not signed."""
    signing = state.zones[origin].signing if origin in state.zones else None
    if signing is None:
        raise ValueError(f"{origin} is not signed, so there is no key for a DS record to match")
    return [_slipped(text, slip) for text in signing.ds(digest)]


def _slipped(text: str, slip: str) -> str:
    tag, algorithm, kind, digest = text.split()
    if slip == "digest":
        digest = digest[:-1] + ("1" if digest[-1] == "0" else "0")
    elif slip == "tag":
        tag = str((int(tag) + 1) % 2**16)
    elif slip == "algorithm":
        algorithm = "13" if algorithm == "8" else "8"
    return " ".join((tag, algorithm, kind, digest))
