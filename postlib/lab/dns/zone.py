"""One zone's records: what is at a name, where it is cut, and the names in canonical order (RFC 4034, section 6.1)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.tokenizer
import dns.zone

from postlib.lab.dns.signing import Signing

RdataType = dns.rdatatype.RdataType
Node = dict[RdataType, dns.rdataset.Rdataset]
MADE_BY_SIGNING = (RdataType.RRSIG, RdataType.NSEC, RdataType.NSEC3, RdataType.DNSKEY, RdataType.NSEC3PARAM)
DIRECTIVES = ("$ORIGIN", "$TTL")  # RFC 1035 and RFC 2308; $INCLUDE reads files, $GENERATE makes millions of records from one line
RECORD_SET_OCTETS = 60_000  # all records of one set go into one message of 65,535 octets, beside their signatures
STRINGS = re.compile(r'\s*("([^"\\]|\\.)*"\s*)+', re.DOTALL)
WILDCARD = dns.name.Name([b"*"])


class Zone:
    """The records below `origin`. Every change raises `version`, so that whoever keeps an answer knows when it is old."""

    def __init__(self, origin: dns.name.Name) -> None:
        self.origin = origin
        self.nodes: dict[dns.name.Name, Node] = {}
        self.signing: Signing | None = None
        self.version = 0
        self._names: list[dns.name.Name] | None = None
        self._signatures: dict[tuple[dns.name.Name, RdataType], dns.rdataset.Rdataset] = {}
        self.denial: list[tuple[dns.name.Name, dns.rrset.RRset]] | None = None  # kept for postlib.lab.dns.denial

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
        made = dns.rdataset.from_rdata_list(ttl, [*kept, *fresh])
        _check(name, {**node, rrtype: made}, self.origin)
        self.nodes.setdefault(name, {})[rrtype] = made
        self.touch()

    def take(self, name: dns.name.Name, rrtype: RdataType, texts: Iterable[str] = ()) -> None:
        """Remove the records of that name and type: all, or only `texts`. Raises ValueError if there are none."""
        node = self.nodes.get(name, {})
        if rrtype not in node:
            raise ValueError(f"{name} has no {dns.rdatatype.to_text(rrtype)} record to withdraw")
        gone = {_record(rrtype, text, self.origin) for text in texts}
        left = [record for record in node[rrtype] if gone and record not in gone]
        if left:
            node[rrtype] = dns.rdataset.from_rdata_list(node[rrtype].ttl, left)
        else:
            del node[rrtype]
            if not node:
                del self.nodes[name]
        self.touch()

    def touch(self) -> None:
        """Forget what was derived from the records: they have changed, or signatures are due again."""
        self.version += 1
        self._names, self.denial = None, None
        self._signatures.clear()

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
        if self._names is None:
            found = {self.origin}
            for name in self.nodes:
                while name not in found:
                    found.add(name)
                    name = name.parent()
            self._names = sorted(found)
        return self._names

    def exists(self, name: dns.name.Name) -> bool:
        """Whether the name is in the tree, with or without data."""
        if name in self.nodes or name == self.origin:
            return True
        at = bisect_right(self.names, name)
        return at < len(self.names) and self.names[at].is_subdomain(name)

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
        if key not in self._signatures:
            self._signatures[key] = self.signing.sign(name, rdataset)
        return self._signatures[key] or None

    def copy(self) -> Zone:
        """The zone as it is now, apart from all that happens to it later."""
        made = Zone(self.origin)
        made.nodes = {name: dict(node) for name, node in self.nodes.items()}
        made.signing = self.signing
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
            _check(name, node, self.origin)
        self.nodes = {name: node for name, node in nodes.items() if node}
        self.touch()


def _check(name: dns.name.Name, node: Node, origin: dns.name.Name) -> None:
    """Raises ValueError for record sets that no zone has at one name."""
    if RdataType.CNAME in node and (len(node) > 1 or len(node[RdataType.CNAME]) > 1):
        raise ValueError(f"{name}: a CNAME stands alone (RFC 2181, section 10.1)")
    if len(node.get(RdataType.SOA, ())) > 1 or (RdataType.SOA in node and name != origin):
        raise ValueError(f"{name}: a zone has one SOA record, at its top (RFC 1035, section 5.2)")
    for rrtype, found in node.items():
        octets = sum(len(name.labels) + 10 + len(record.to_wire()) for record in found)
        if octets > RECORD_SET_OCTETS:
            raise ValueError(f"{name}: {octets} octets of {dns.rdatatype.to_text(rrtype)} records fit no DNS message")


def _record(rrtype: RdataType, text: str, origin: dns.name.Name) -> dns.rdata.Rdata:
    """One record from its text; a TXT value may stand without quotes, as in a DNS panel, and is split at 255 bytes."""
    if rrtype == RdataType.TXT and not STRINGS.fullmatch(text):
        text = quoted(text)
    elif "\n" in text or "\r" in text:
        raise ValueError("one value is one record, on one line")
    try:
        return dns.rdata.from_text(dns.rdataclass.IN, rrtype, text, origin, relativize=False)
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{text!r} is not a {dns.rdatatype.to_text(rrtype)} record: {error}") from error


def quoted(text: str) -> str:
    """A TXT value in quotes, in strings of at most 255 bytes (RFC 1035, section 3.3.14)."""
    data = text.encode()
    parts = [data[i : i + 255] for i in range(0, len(data), 255)] or [b""]
    return " ".join('"' + "".join(_escape(byte) for byte in part) + '"' for part in parts)


def _escape(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03d}"
