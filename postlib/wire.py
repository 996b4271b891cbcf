"""Questions and replies as they stand on the wire (RFC 1035, section 4; RFC 6891), read and written without detours.

A scan of many domains spends its time here. dnspython's own reader is taken for whatever is out of the ordinary, and both read
the same things alike: tests/test_wire.py holds them equal.
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.OPT import OPT
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

PAYLOAD = 1232  # octets by UDP without fragments: DNS Flag Day 2020, and RFC 9715
HEADER = struct.Struct("!HHHHHH")
RECORD = struct.Struct("!HHIH")
SOA_NUMBERS = struct.Struct("!IIIII")
HOPS = 16  # parts of one name: dnspython's own bound; more is a trap
META = 128  # types from here to 255, and OPT, are no data (RFC 6895, section 3.1)
NO_QUESTION = (dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED)  # whose replies may leave it out
IN = dns.rdataclass.IN


@dataclass(frozen=True)
class Question:
    """One question as it goes out: RD and CD are `flags`, DO is `dnssec`; without `edns` there is no OPT record."""

    name: dns.name.Name
    rrtype: dns.rdatatype.RdataType
    flags: int = 0
    edns: bool = True
    dnssec: bool = False

    def wire(self) -> bytes:
        """The message, under an id that nobody can guess (RFC 5452, section 4.3)."""
        head = HEADER.pack(secrets.randbelow(65536), self.flags, 1, 0, 0, int(self.edns))
        opt = b"\0" + RECORD.pack(dns.rdatatype.OPT, PAYLOAD, dns.flags.DO if self.dnssec else 0, 0) if self.edns else b""
        return head + self._section + opt

    def answered(self, sent: bytes, reply: bytes) -> bool:
        """Whether `reply` is one to this question, sent as `sent`: the same id, and the same question, in whatever case (RFC 5452, 9.1)."""
        if len(reply) < HEADER.size or reply[:2] != sent[:2]:
            return False
        _, flags, questions, *_ = HEADER.unpack_from(reply)
        if not flags & dns.flags.QR or dns.opcode.from_flags(flags) != dns.opcode.QUERY:
            return False
        if questions != 1:
            return not questions and flags & 0xF in NO_QUESTION
        asked = reply[HEADER.size : HEADER.size + len(self._section)]
        return asked[-4:] == self._section[-4:] and asked.lower() == self._section.lower()

    def reply(self, sent: bytes, received: bytes) -> dns.message.Message | None:
        """What was received, if it is a message and the reply to what was sent: a hostile server may send anything."""
        try:
            return read(received, self.name) if self.answered(sent, received) else None
        except (dns.exception.DNSException, ValueError, struct.error, IndexError):
            return None

    def datagram(self, sent: bytes, received: bytes) -> dns.message.Message | None:
        """As `reply`; but of one that is truncated nothing more is read: it may be cut anywhere (RFC 2181, section 9)."""
        number, flags = struct.unpack_from("!HH", received) if len(received) >= HEADER.size else (0, 0)
        if not flags & dns.flags.TC or not self.answered(sent, received):
            return self.reply(sent, received)
        cut = dns.message.QueryMessage(id=number)
        cut.flags = dns.flags.Flag(flags)
        return cut

    @cached_property
    def _section(self) -> bytes:
        """The question section: its name, type and class."""
        name = self.name.to_wire()
        assert name is not None  # it is written to nothing else
        return name + struct.pack("!HH", self.rrtype, IN)


def read(wire: bytes, asked: dns.name.Name | None = None) -> dns.message.Message:
    """The message in `wire`; what stands behind it does not count. `asked` is the name in its question, where that is known.

    Raises dns.exception.DNSException, ValueError, struct.error, IndexError.
    """
    try:
        return _Reader(wire, asked).message()
    except _Unusual:
        return dns.message.from_wire(wire, ignore_trailing=True)


class _Unusual(Exception):
    """Not what a resolver's replies are made of: read it the long way."""


class _Reader:
    """One pass over one message. Names are decoded once, however often they are pointed at."""

    def __init__(self, wire: bytes, asked: dns.name.Name | None) -> None:
        self.wire = wire
        self.at = 0
        self._asked = asked
        self._names: dict[int, tuple[dns.name.Name, int]] = {}  # by their place, with the parts that they are read from

    def message(self) -> dns.message.Message:
        """The whole message."""
        wire = self.wire
        if len(wire) < HEADER.size:
            raise _Unusual
        number, flags, questions, answers, authorities, additional = HEADER.unpack_from(wire)
        if questions > 1 or dns.opcode.from_flags(flags) != dns.opcode.QUERY:
            raise _Unusual
        self.at = HEADER.size
        message = dns.message.QueryMessage(id=number)
        message.flags = dns.flags.Flag(flags)
        try:
            if questions:
                self._question(message)
            self._section(message, message.answer, answers)
            self._section(message, message.authority, authorities)
            self._section(message, message.additional, additional)
        except (IndexError, ValueError, struct.error, dns.exception.DNSException) as error:  # the long way says what is wrong
            raise _Unusual from error
        return message

    def _question(self, message: dns.message.Message) -> None:
        if self._asked is None:
            name = self._name()
        else:  # the same name in our own letters
            name = self._learnt(HEADER.size, self._asked, 0)
            self.at += sum(map(len, name.labels)) + len(name.labels)
        rrtype, rdclass = struct.unpack_from("!HH", self.wire, self.at)
        self.at += 4
        if rdclass != IN:
            raise _Unusual
        message.question.append(dns.rrset.RRset(name, IN, dns.rdatatype.RdataType.make(rrtype)))

    def _section(self, message: dns.message.Message, section: list[dns.rrset.RRset], count: int) -> None:
        found: dict[tuple[dns.name.Name, int, int], dns.rrset.RRset] = {}
        for _ in range(count):
            name = self._name()
            rrtype, rdclass, ttl, length = RECORD.unpack_from(self.wire, self.at)
            start = self.at = self.at + RECORD.size
            end = start + length
            if end > len(self.wire):
                raise _Unusual
            if rrtype == dns.rdatatype.OPT:
                if section is not message.additional or name != dns.name.root or message.opt is not None:
                    raise _Unusual
                self._opt(message, rdclass, ttl, length)
            else:
                self._record(section, found, name, rrtype, rdclass, ttl, end)
            self.at = end

    def _record(
        self, section: list[dns.rrset.RRset], found: dict[tuple[dns.name.Name, int, int], dns.rrset.RRset],
        name: dns.name.Name, rrtype: int, rdclass: int, ttl: int, end: int,
    ) -> None:  # fmt: skip
        if rdclass != IN or META <= rrtype < 256 or rrtype == 0:
            raise _Unusual
        record = self._rdata(dns.rdatatype.RdataType.make(rrtype), end)
        covers = record.covers()
        rrset = found.get((name, rrtype, covers))
        if rrset is None:
            rrset = found[name, rrtype, covers] = dns.rrset.RRset(name, IN, record.rdtype, covers)
            section.append(rrset)
        if rrset.items and dns.rdatatype.is_singleton(record.rdtype):
            raise _Unusual
        rrset.update_ttl(0 if ttl > 0x7FFFFFFF else ttl)  # RFC 2181, section 8
        rrset.items[record] = None  # as `add` does, which writes the record out three times to hash it

    def _opt(self, message: dns.message.Message, payload: int, ttl: int, length: int) -> None:
        """The EDNS record (RFC 6891, section 6.1.2)."""
        kind = dns.rdataclass.RdataClass.make(payload)
        opt = _plain_opt(kind) if not length else dns.rdata.from_wire(kind, dns.rdatatype.OPT, self.wire, self.at, length)
        message.opt = dns.rrset.from_rdata(dns.name.root, ttl, opt)

    def _rdata(self, rrtype: dns.rdatatype.RdataType, end: int) -> dns.rdata.Rdata:
        """The data of one record of class IN; the commonest types without dnspython's parser."""
        wire, at = self.wire, self.at
        if rrtype == dns.rdatatype.TXT:
            record: dns.rdata.Rdata = TXT(IN, dns.rdatatype.TXT, self._strings(end))
        elif rrtype == dns.rdatatype.A and end - at == 4:
            record = A(IN, dns.rdatatype.A, wire[at:end])
        elif rrtype == dns.rdatatype.AAAA and end - at == 16:
            record = AAAA(IN, dns.rdatatype.AAAA, wire[at:end])
        elif rrtype in _ONE_NAME:
            record = _ONE_NAME[rrtype](IN, rrtype, self._name())
        elif rrtype == dns.rdatatype.MX:
            self.at += 2
            record = MX(IN, dns.rdatatype.MX, int.from_bytes(wire[at : at + 2]), self._name())
        elif rrtype == dns.rdatatype.SOA:
            names = self._name(), self._name()
            record = SOA(IN, dns.rdatatype.SOA, *names, *SOA_NUMBERS.unpack_from(wire, self.at))
            self.at += SOA_NUMBERS.size
        else:
            return dns.rdata.from_wire(IN, rrtype, wire, at, end - at)
        if self.at != end and rrtype not in (dns.rdatatype.A, dns.rdatatype.AAAA):
            raise _Unusual
        return record

    def _strings(self, end: int) -> list[bytes]:
        """The character-strings up to `end` (RFC 1035, section 3.3)."""
        strings = []
        while self.at < end:
            length = self.wire[self.at]
            strings.append(self.wire[self.at + 1 : self.at + 1 + length])
            self.at += 1 + length
        return strings

    def _name(self) -> dns.name.Name:
        """The name that begins here; what it points at lies whole before it, HOPS parts at most (RFC 1035, section 4.1.4)."""
        wire, start, labels = self.wire, self.at, []
        at, begun, bound, hops, ended = start, start, len(self.wire), 0, 0  # where this part began, and where it must have ended
        while length := wire[at]:
            if length < 64:
                at += 1 + length
                if at >= bound:
                    raise _Unusual
                labels.append(wire[at - length : at])
                continue
            target = int.from_bytes(wire[at : at + 2]) & 0x3FFF
            hops += 1
            if length < 192 or target >= begun or at + 2 > bound or hops > HOPS:
                raise _Unusual
            ended = ended or at + 2
            known, further = self._names.get(target, (None, 0))
            if known is not None and hops + further <= HOPS:
                self.at = ended
                return self._learnt(start, dns.name.Name([*labels, *known.labels]) if labels else known, hops + further)
            bound, at, begun = begun, target, target
        if at + 1 > bound:
            raise _Unusual
        self.at = ended or at + 1
        return self._learnt(start, dns.name.Name([*labels, b""]), hops)

    def _learnt(self, start: int, name: dns.name.Name, hops: int) -> dns.name.Name:
        self._names[start] = name, hops
        return name


_ONE_NAME: dict[int, Any] = {dns.rdatatype.NS: NS, dns.rdatatype.CNAME: CNAME, dns.rdatatype.PTR: PTR}


@lru_cache(maxsize=64)
def _plain_opt(payload: dns.rdataclass.RdataClass) -> OPT:
    """An OPT record without options."""
    return OPT(payload, dns.rdatatype.OPT, ())
