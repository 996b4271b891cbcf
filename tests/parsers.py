"""Every function of ours that reads text or octets from strangers: how it is called, what it reads well, and what is no parser."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dns.name
from loopback import NOW, leaf, root
from reported import NEW, OLD, TLS

import postlib.dnssec
import postlib.protocols
from postlib.commands.scan import done_before, read_domains
from postlib.lab.dns.zone import Zone
from postlib.lab.internet import visit
from postlib.lab.shapes import shaped
from postlib.look import domain_name
from postlib.network import Network, Unreachable, public
from postlib.policies import profile
from postlib.protocols import reports
from postlib.protocols.arc import arc_sets, verify_arc
from postlib.protocols.dkim import verify
from postlib.protocols.dkim.message import split
from postlib.protocols.reports import archive, elements, tls
from postlib.protocols.service_identity import matches, same_address

Call = Callable[[Any], object]


def silence(address: str, port: int, transport: str) -> tuple[str, int]:
    """Nobody is there to be asked."""
    raise Unreachable("no-route", f"{address}:{port}")


LIVE = Network()
NOBODY = Network(forwarder="192.0.2.53:53", route=silence)
MESSAGE = b"From: Ana <ana@valdoria.post>\r\nTo: b@auroria.post\r\nSubject: parcel\r\n\r\nHello\r\n"
SIGNATURE = b" v=1; a=rsa-sha256; c=relaxed/relaxed; d=valdoria.post; s=x; h=from:to; bh=YWE=; b=YWE=\r\n"
SEAL = b"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=valdoria.post; s=x; b=YWE=\r\n"
SET = SEAL + b"ARC-Message-Signature: i=1;" + SIGNATURE[5:] + b"ARC-Authentication-Results: i=1; inbox.example; spf=pass\r\n"
RESULTS = b"inbox.example; spf=pass smtp.mailfrom=valdoria.post; dkim=fail (bad) header.d=valdoria.post"
MAIL = reports.message(reports.read(NEW.encode()), submitter="mail.example", recipient="dmarc@auroria.post")
PROTOCOLS: dict[str, tuple[Call | None, tuple[bytes, ...]]] = {
    "authentication_results.read": (None, (RESULTS,)),
    "authentication_results.of_message": (lambda m: call("authentication_results.of_message")(m, "inbox.example"), (MESSAGE,)),
    "authentication_results.without": (lambda m: call("authentication_results.without")(m, "inbox.example"), (MESSAGE,)),
    "bimi.parse_record": (None, (b"v=BIMI1; l=https://valdoria.post/bimi.svg; a=",)),
    "caa.parse_issue": (None, (b"ca.example; account=230123",)),
    "dkim.key.parse_key": (None, (b"v=DKIM1; k=rsa; t=s; h=sha256; p=MIGfMA0GCSqGSIb3",)),
    "dkim.key.is_key": (None, (b"v=DKIM1; p=",)),
    "dkim.key.key_name": (lambda text: call("dkim.key.key_name")(text, "valdoria.post"), (b"mail2026",)),
    "dkim.message.split": (None, (MESSAGE,)),
    "dkim.message.without_signature": (None, (SIGNATURE,)),
    "dkim.signature.read": (None, (SIGNATURE,)),
    "dkim.tags.read": (None, (b"v=DKIM1; p=YWE=", SIGNATURE)),
    "dkim.tags.members": (None, (b"from:to:subject",)),
    "dkim.tags.solid": (None, (b"from : to",)),
    "dmarc.author.author_domains": (None, (MESSAGE, b'From: "a" (b) <c@d.example>, =?utf-8?q?x?= <e@f.example>\r\n\r\n')),
    "dmarc.domain.domain_name": (None, (b"auroria.post", "bücher.example".encode())),
    "dmarc.domain.label_count": (None, (b"a.b.c",)),
    "dmarc.record.parse": (None, (b"v=DMARC1; p=reject; rua=mailto:a@auroria.post!10m; fo=1:d",)),
    "dmarc.uri.parse_uri": (None, (b"mailto:dmarc@auroria.post!10m",)),
    "hsts.parse_hsts": (None, (b'max-age="31536000"; includeSubDomains; x="a;b"',)),
    "mta_sts.matches": (lambda text: call("mta_sts.matches")("mx.auroria.post", text), (b"*.auroria.post",)),
    "mta_sts.parse_policy": (None, (b"version: STSv1\r\nmode: enforce\r\nmx: *.auroria.post\r\nmax_age: 604800\r\n",)),
    "mta_sts.parse_record": (None, (b"v=STSv1; id=20261123;",)),
    "pkix.load": (None, (leaf("www.auroria.post").chain[0],)),
    "pkix.roots": (None, (root().pem.encode(),)),
    "reports.archive.gzip": (None, (b"x",)),
    "reports.archive.unpack": (lambda data: list(archive.unpack(data, archive.MAX_BYTES, {})), (NEW.encode(),)),
    "reports.elements.address": (None, (b"192.0.2.1", b"2001:db8::25")),
    "reports.elements.number": (lambda text: elements.number(text, "count", 10**12), (b"12",)),
    "reports.mail.attachments": (None, (MAIL,)),
    "reports.read": (None, (NEW.encode(), OLD.encode(), json.dumps(TLS).encode(), reports.gzip(NEW.encode()))),
    "reports.records": (lambda data: list(reports.records(data)), (NEW.encode(),)),
    "reports.tls.read_tls": (lambda data: tls.read_tls(data, {}), (json.dumps(TLS).encode(),)),
    "service_identity.is_address": (None, (b"192.0.2.1",)),
    "service_identity.matches": (lambda text: (matches(text, "*.auroria.post"), matches("www.auroria.post", text)), (b"*.auroria.post",)),
    "service_identity.same_address": (lambda text: same_address(text, "192.0.2.1"), (b"192.0.2.1",)),
    "smtp.reply.command_line": (None, (b"EHLO [192.0.2.1]",)),
    "smtp.reply.dot_stuffed": (None, (MESSAGE,)),
    "smtp.reply.path": (None, (b"ana@valdoria.post",)),
    "smtp.reply.reply_line": (None, (b"250-SIZE 1000",)),
    "spf.macro.domain_spec": (None, (b"%{ir}.%{v}._spf.%{d2}",)),
    "spf.macro.explain_string": (None, (b"See %{i} %{h}",)),
    "spf.macro.is_toplabel": (None, (b"post",)),
    "spf.macro.macro_string": (None, (b"%{l1r-}.%{o}",)),
    "spf.macro.target_name": (None, (b"_spf.auroria.post",)),
    "spf.record.is_spf": (None, (b"v=spf1 -all",)),
    "spf.record.parse": (None, (b"v=spf1 mx a:%{d}/24 ip4:192.0.2.0/24 include:_spf.x.post redirect=y.post exp=z.post",)),
    "text_record.fields": (lambda text: call("text_record.fields")(text, "STSv1"), (b"v=STSv1; id=1",)),
    "tls_rpt.parse_record": (None, (b"v=TLSRPTv1; rua=mailto:tls@auroria.post,https://x.post/r",)),
}
"""By name below postlib.protocols: how it is called (None: with the text alone), and what it reads well."""

NO_PARSERS = {
    "arc.seal": "writes; what it reads of the message is in FILES",
    "dkim.crypto.body_hash": "hashes octets",
    "dkim.crypto.signature_of": "signs octets",
    "dkim.crypto.signature_fault": "verifies octets",
    "dkim.message.canonical_body": "changes blanks",
    "dkim.signing": "writes",
    "dmarc.discovery.targets": "of a name that was read",
    "dmarc.domain.shortened": "of a name that was read",
    "dmarc.domain.is_within": "of names that were read",
    "reports.mail.gzip_name": "writes",
    "spf.asking": "of names in a record that was read",
    "spf.client": "of the envelope",
}


def call(name: str) -> Call:
    """The function of that name."""
    module, _, function = name.rpartition(".")
    found: Call = getattr(importlib.import_module(f"postlib.protocols.{module}".rstrip(".")), function)
    return found


def of_strangers() -> Iterator[str]:
    """Every public function of the protocols, and of DNSSEC, that waits for nothing and whose first argument is text or octets."""
    for package in (postlib.protocols, postlib.dnssec):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for name, function in vars(module).items():
                function = inspect.unwrap(function) if callable(function) else function  # a cached one
                own = inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
                if own and not inspect.iscoroutinefunction(function) and _takes_text(function):
                    yield f"{found.name}.{name}".removeprefix("postlib.protocols.")


def _takes_text(function: Callable[..., Any]) -> bool:
    first = next(iter(inspect.signature(function).parameters.values()), None)
    return first is not None and str(first.annotation) in ("str", "bytes", "str | bytes", "bytes | str", "Source")


def wants_octets(name: str) -> bool:
    """Whether the parser's first argument is octets, or may be."""
    first = next(iter(inspect.signature(call(name)).parameters.values()))
    return str(first.annotation) != "str"


def parsed_json(octets: bytes) -> object:
    """What a journal's reader would hand on."""
    try:
        return json.loads(octets)
    except RecursionError as error:
        raise ValueError("too deep") from error


def in_file(read: Callable[[Path], object]) -> Call:
    """A reader of files, for octets."""

    def reading(octets: bytes) -> object:
        with TemporaryDirectory() as folder:
            path = Path(folder, "input")
            path.write_bytes(octets)
            return read(path)

    return reading


def played(path: Path) -> object:
    """A lab with that journal."""
    with visit("clean", at=NOW, journal=path) as internet:
        return internet.journal()


BOOK = {"routes": [["192.0.2.1", 53, "udp", "127.0.0.1", 5300]], "root_hints": [["a.", ["192.0.2.1"]]], "trust_anchor": ["1 8 2 ab"],
        "certificate_roots": "", "at": datetime(2026, 11, 23, tzinfo=UTC).isoformat()}  # fmt: skip
JOURNAL = [{"act": "publish", "name": "_dmarc.valdoria.post", "type": "TXT", "values": ["v=DMARC1; p=none"]}]
KEPT = {
    "world": "clean",
    "seed": "union",
    "start": "2026-11-23T00:00:00+00:00",
    "acts": [*JOURNAL, {"act": "stage", "name": "x", "cell": "a#b"}],
}
LETTER = {"act": "send", "author": "a@b.example", "recipient": "c@d.example", "headers": [["X", "y"]], "at": "2026-11-23T00:00:00+00:00"}
ZONE = b'$ORIGIN auroria.post.\n$TTL 3600\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\nt TXT "a b" (\n c )\n'
PROFILE = resources.files("postlib.policies").joinpath("course.yaml").read_bytes()
RESULT = {"subject": "auroria.example", "exit_code": 0, "profile": "course", "seen_from": "x"}
FILES: dict[str, tuple[Call, bytes]] = {
    "address book": (in_file(Network.load), json.dumps(BOOK).encode()),
    "journal": (in_file(played), json.dumps(JOURNAL).encode()),
    "kept journal": (in_file(played), json.dumps(KEPT).encode()),
    "letter as an act": (lambda octets: shaped(parsed_json(octets)), json.dumps(LETTER).encode()),
    "ARC sets": (lambda octets: arc_sets(split(octets)[0]), SET + MESSAGE),
    "ARC chain": (lambda octets: asyncio.run(verify_arc(NOBODY, octets)), SET + MESSAGE),
    "DKIM signatures": (lambda octets: asyncio.run(verify(NOBODY, octets)), b"DKIM-Signature:" + SIGNATURE + MESSAGE),
    "act": (lambda octets: shaped(parsed_json(octets)), json.dumps(JOURNAL[0]).encode()),
    "zone": (lambda octets: Zone(dns.name.from_text("auroria.post.")).load(octets.decode("utf-8")), ZONE),
    "profile": (in_file(profile), PROFILE),
    "list of domains": (in_file(lambda path: list(read_domains(str(path), LIVE))), b"auroria.com\nvaldoria.com # ours\n"),
    "earlier results": (in_file(lambda path: done_before(path, {"profile": "course"})), json.dumps(RESULT).encode() + b"\n"),
    "subject": (lambda octets: domain_name(octets.decode("utf-8"), LIVE), b"auroria.com"),
    "address": (lambda octets: public(octets.decode("utf-8")), b"192.0.2.1"),
}
"""What a person gives us, or a letter holds, as octets."""

PIECES = (
    *(bytes([octet]) for octet in b"; \t\r\n\"\\()<>@.,:/%=-!~[]{}*&'$a10"), b"\r\n", b"%{", b"=?", b"?=", b"--", b"v=", b"\0", b"\xff",
    b"\xc3\xa9",
)  # fmt: skip
