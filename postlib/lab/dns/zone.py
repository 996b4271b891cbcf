"""One zone's records: what is at a name, where it is cut, and the names in canonical order (RFC 4034, section 6.1)."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.tokenizer
import dns.zone

from postlib.lab.dns.signing import Signing
from postlib.lab.dns.tree import Tree
from postlib.lab.history import History

if TYPE_CHECKING:
    from postlib.lab.dns.denial import Ring

RdataType = dns.rdatatype.RdataType
Node = dict[RdataType, dns.rdataset.Rdataset]
MADE_BY_SIGNING = (RdataType.RRSIG, RdataType.NSEC, RdataType.NSEC3, RdataType.DNSKEY, RdataType.NSEC3PARAM)
DIRECTIVES = ("$ORIGIN", "$TTL")  # RFC 1035 and RFC 2308; $INCLUDE reads files, $GENERATE makes millions of records from one line
KEPT_SIGNATURES = 2000  # of one zone; a signature that has given way is made again, the same
KEPT_RECORDS = 2000  # read from text: many zones have the same ones
NAMELESS = (RdataType.A, RdataType.AAAA, RdataType.TXT, RdataType.CAA, RdataType.TLSA, RdataType.DS)  # no domain name is in them
RECORD_SET_OCTETS = 60_000  # all records of one set go into one message of 65,535 octets, beside their signatures
FORMS = {  # what a value of a type looks like, for one that cannot be read
    RdataType.A: "an IPv4 address, four numbers from 0 to 255, such as 192.0.2.20",
    RdataType.AAAA: "an IPv6 address, such as 2001:db8::20",
    RdataType.MX: 'a number and the name of a mail server, such as "10 mx1.auroria.post."',
    RdataType.NS: 'the name of a DNS server, such as "ns1.auroria.post."',
    RdataType.CNAME: 'one other name, such as "www.auroria.post."',
    RdataType.TXT: 'text, or texts of at most 255 octets in straight quotes, such as "v=DMARC1; p=none"',
    RdataType.CAA: "a number, a word and a text in quotes, such as 0 issue \"ca.example\"",
    RdataType.SRV: 'three numbers and a name, such as "0 0 443 www.auroria.post."',
    RdataType.DS: "key tag, algorithm, digest type and the digest in hexadecimal, as the signed zone gives them",
    RdataType.TLSA: "three numbers and hexadecimal digits, such as 3 1 1 and a SHA-256 digest of 64 digits",
}
STRINGS = re.compile(r'\s*("([^"\\]|\\.)*"\s*)+', re.DOTALL)
WILDCARD = dns.name.Name([b"*"])


class Edition:
    """A number that every change of a zone raises, so that whoever keeps an answer knows when it is old."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0


class Zone:
    """The records below `origin`. What is derived from them (order, denial, signatures) is made when asked for, and what a change
    does not touch is kept. `history` is told how to take each change back; `edition` says that there was one.
    """

    def __init__(self, origin: dns.name.Name, history: History | None = None, edition: Edition | None = None) -> None:
        self.origin = origin
        self.nodes: dict[dns.name.Name, Node] = {}
        self.history = history or History()
        self.edition = edition or Edition()
        self.ring: Ring | None = None  # kept for postlib.lab.dns.denial, with the names that have changed since
        self.changed: set[dns.name.Name] = set()
        self._signing: Signing | None = None
        self._tree: Tree | None = None
        self._signatures: OrderedDict[tuple[dns.name.Name, RdataType], tuple[dns.rdataset.Rdataset, dns.rdataset.Rdataset]] = OrderedDict()

    @property
    def signing(self) -> Signing | None:
        """How the zone is signed; None if it is not."""
        return self._signing

    @signing.setter
    def signing(self, signing: Signing | None) -> None:
        self.become(self.nodes, signing)

    def sleep(self, wake: Callable[[], tuple[dict[dns.name.Name, Node], Signing | None]]) -> None:
        """Let an empty zone's records and signing be what `wake` gives when they are first looked at. It may be called more than once."""
        self._wake = wake
        del self.nodes, self._signing

    if not TYPE_CHECKING:  # or mypy would believe in every attribute

        def __getattr__(self, name: str) -> Any:
            """The records or the signing of a zone that sleeps."""
            if name not in ("nodes", "_signing"):
                raise AttributeError(name)
            nodes, signing = self._wake()
            vars(self).setdefault("nodes", nodes)  # the first of two threads has it: what it does to the records must not be lost
            vars(self).setdefault("_signing", signing)
            return vars(self)[name]

    def put(self, name: dns.name.Name, rrtype: RdataType, texts: Iterable[str], ttl: int = 3600, *, add: bool = False) -> None:
        """Make `texts` the records of that name and type, or with `add` put them beside what is there.

        Raises ValueError for a name outside the zone, a record that cannot be read, or a CNAME beside other data (RFC 2181, 10.1).
        """
        if not name.is_subdomain(self.origin):
            raise ValueError(f"{name} does not lie in the zone {self.origin}")
        node = self.nodes.get(name, {})
        kept = list(node[rrtype]) if add and rrtype in node else []
        fresh = [_record(rrtype, text, self.origin) for text in texts]
        if not kept and not fresh:
            raise ValueError(f"nothing to publish at {name}: a record set needs at least one record")
        if rrtype == RdataType.CNAME and len(fresh) > 1:  # dnspython would keep the last
            raise ValueError(f"{name}: a CNAME stands alone (RFC 2181, section 10.1): publish one of the {len(fresh)}")
        node = {**node, rrtype: dns.rdataset.from_rdata_list(ttl, [*kept, *fresh])}
        _check(name, node, self.origin, [rrtype])
        self.place(name, node)

    def take(self, name: dns.name.Name, rrtype: RdataType, texts: Iterable[str] = ()) -> None:
        """Remove the records of that name and type: all, or only `texts`. Raises ValueError if there are none."""
        node = dict(self.nodes.get(name, {}))
        if rrtype not in node:
            raise ValueError(f"{name} has no {dns.rdatatype.to_text(rrtype)} record to withdraw")
        gone = {_record(rrtype, text, self.origin) for text in texts}
        left = [record for record in node[rrtype] if gone and record not in gone]
        if left:
            node[rrtype] = dns.rdataset.from_rdata_list(node[rrtype].ttl, left)
        else:
            del node[rrtype]
        self.place(name, node)

    def place(self, name: dns.name.Name, node: Node) -> None:
        """Make `node` what is at a name; an empty one takes the name away. A node that is in a zone is never changed."""
        before = self.nodes.get(name)
        self.history.note(partial(self.place, name, before or {}))
        if node:
            self.nodes[name] = node
        else:
            self.nodes.pop(name, None)
        if self._tree is not None and bool(node) != bool(before):
            (self._tree.add if node else self._tree.remove)(name)
        if self.ring is not None:
            self.changed.add(name)
        self.edition.number += 1

    def become(self, nodes: dict[dns.name.Name, Node], signing: Signing | None) -> None:
        """Have other records and another signing from now on."""
        self.history.note(partial(self.become, self.nodes, self._signing))
        self.nodes, self._signing = nodes, signing
        self.touch()

    def touch(self) -> None:
        """Forget all that was derived from the records."""
        self.edition.number += 1
        self._tree = self.ring = None
        self.changed.clear()
        self._signatures.clear()

    @property
    def tree(self) -> Tree:
        """The names that exist, in order."""
        if self._tree is None:
            self._tree = Tree(self.origin, self.nodes)
        return self._tree

    def get(self, name: dns.name.Name, rrtype: RdataType) -> dns.rdataset.Rdataset | None:
        """The records at that very name; DNSKEY and NSEC3PARAM come from the signing at the apex."""
        if self.signing is not None and name == self.origin:
            made = self.signing.apex(rrtype)
            if made is not None:
                return made
        return self.nodes.get(name, {}).get(rrtype)

    def types(self, name: dns.name.Name) -> set[RdataType]:
        """The types of data at a name, without those of denial and signature."""
        types = set(self.nodes.get(name, ()))
        if self.signing is not None and name == self.origin:
            types |= self.signing.apex_types()
        return types

    @property
    def names(self) -> list[dns.name.Name]:
        """Every name that exists, empty non-terminals too, in canonical order."""
        return list(self.tree)

    def exists(self, name: dns.name.Name) -> bool:
        """Whether the name is in the tree, with or without data."""
        return name in self.nodes or name in self.tree

    def ancestors(self, name: dns.name.Name) -> Iterator[dns.name.Name]:
        """From the name just below the apex down to `name` itself."""
        depth = len(self.origin.labels)
        for cut in range(depth + 1, len(name.labels) + 1):
            yield name.split(cut)[1]

    def cut(self, name: dns.name.Name) -> dns.name.Name | None:
        """The delegation point at or above `name`, if the zone hands it on (RFC 1034, section 4.2.1)."""
        return next((above for above in self.ancestors(name) if RdataType.NS in self.nodes.get(above, ())), None)

    def closest_encloser(self, name: dns.name.Name) -> dns.name.Name:
        """The longest ancestor of `name` that exists (RFC 4592, section 3.3.1)."""
        while not self.exists(name):
            name = name.parent()
        return name

    def signature(self, name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> dns.rdataset.Rdataset | None:
        """The RRSIGs over a record set of this zone, made once; None in an unsigned zone or where the signer left it out."""
        if self.signing is None:
            return None
        key = (name, rdataset.rdtype)
        signed, made = self._signatures.get(key, (None, None))
        if signed is None or (signed is not rdataset and (signed != rdataset or signed.ttl != rdataset.ttl)):
            while len(self._signatures) >= KEPT_SIGNATURES:
                self._signatures.popitem(last=False)
            made = self.signing.sign(name, rdataset)
            self._signatures[key] = rdataset, made
        return made or None

    def copy(self) -> Zone:
        """The zone as it is now, apart from all that happens to it later."""
        made = Zone(self.origin)
        made.become(dict(self.nodes), self.signing)
        return made

    def text(self) -> str:
        """The zone as a master file (RFC 1035, section 5), unsigned: names absolute, in canonical order, SOA first."""
        lines = [f"$ORIGIN {self.origin}"]
        for name in sorted(self.nodes):
            for rrtype in sorted(self.nodes[name], key=lambda t: (t != RdataType.SOA, t)):
                lines.append(self.nodes[name][rrtype].to_text(name))
        return "\n".join(lines) + "\n"

    def load(self, text: str) -> None:
        """Replace the records by those of a master file. Raises ValueError, and changes nothing, if it cannot be read.

        Records that signing makes are passed over, so that the file of a signed zone can be read; names of other zones are too.
        """
        try:
            read = dns.zone.from_text(text, self.origin, relativize=False, check_origin=True, allow_directives=DIRECTIVES)
        except (dns.exception.DNSException, ValueError) as error:
            raise ValueError(f"this is not a zone file for {self.origin}: {error}") from error
        nodes = {name: {found.rdtype: found for found in node if found.rdtype not in MADE_BY_SIGNING} for name, node in read.nodes.items()}
        for name, node in nodes.items():
            _check(name, node, self.origin, node)
        self.become({name: node for name, node in nodes.items() if node}, self.signing)


def _check(name: dns.name.Name, node: Node, origin: dns.name.Name, new: Iterable[RdataType]) -> None:
    """Raises ValueError for record sets that no zone has at one name; those of the types `new` have not been looked at before."""
    if RdataType.CNAME in node and (len(node) > 1 or len(node[RdataType.CNAME]) > 1):
        others = ", ".join(dns.rdatatype.to_text(rrtype) for rrtype in node if rrtype not in new)
        todo = f"withdraw the others first: {others}" if others else "nothing else may be at that name"
        raise ValueError(f"{name}: a CNAME stands alone (RFC 2181, section 10.1): {todo}")
    if len(node.get(RdataType.SOA, ())) > 1 or (RdataType.SOA in node and name != origin):
        raise ValueError(f"{name}: a zone has one SOA record, at its top (RFC 1035, section 5.2)")
    for rrtype in new:
        octets = sum(len(name.labels) + 10 + len(record.to_wire()) for record in node[rrtype])
        if octets > RECORD_SET_OCTETS:
            raise ValueError(f"{name}: {octets} octets of {dns.rdatatype.to_text(rrtype)} records fit no DNS message")


def _record(rrtype: RdataType, text: str, origin: dns.name.Name) -> dns.rdata.Rdata:
    """One record from its text; a TXT value may stand without quotes, as in a DNS panel, and is split at 255 bytes."""
    if rrtype == RdataType.TXT and not STRINGS.fullmatch(text):
        text = quoted(text)
    elif "\n" in text or "\r" in text:
        raise ValueError("one value is one record, on one line")
    try:
        return _read(rrtype, text, None if rrtype in NAMELESS else origin)
    except (dns.exception.DNSException, ValueError) as error:
        what = f"that is {FORMS[rrtype]}" if rrtype in FORMS else error
        raise ValueError(f"{text!r} is no value of the type {dns.rdatatype.to_text(rrtype)}: {what}") from error


@lru_cache(maxsize=KEPT_RECORDS)
def _read(rrtype: RdataType, text: str, origin: dns.name.Name | None) -> dns.rdata.Rdata:
    """Records never change, so zones may share them."""
    return dns.rdata.from_text(dns.rdataclass.IN, rrtype, text, origin, relativize=False)


def quoted(text: str) -> str:
    """A TXT value in quotes, in strings of at most 255 bytes (RFC 1035, section 3.3.14)."""
    data = text.encode()
    parts = [data[i : i + 255] for i in range(0, len(data), 255)] or [b""]
    return " ".join('"' + "".join(_escape(byte) for byte in part) + '"' for part in parts)


def _escape(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03d}"
