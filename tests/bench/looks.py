"""Looks at the domains of a lab, each kind in a process of its own: python -m tests.bench.looks KIND PORT DOMAIN…, which prints seconds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Callable, Sequence

AT_ONCE = 100


def ours(port: int, domains: Sequence[str]) -> float:
    """`postlib scan --profile quick`."""
    from postlib.look import scan
    from postlib.network import Network

    network = Network(forwarder=f"127.0.0.1:{port}", route=only(port))
    began = time.perf_counter()
    seen = sum(1 for _ in scan(domains, network, profile="quick", at_once=AT_ONCE))
    took = time.perf_counter() - began
    assert seen == len(domains)
    return took


def only(port: int) -> Callable[[str, int, str], tuple[str, int]]:
    """A route that leads to the lab's resolver alone."""
    from postlib.network import Unreachable

    def route(address: str, asked: int, transport: str) -> tuple[str, int]:
        if (address, asked) != ("127.0.0.1", port):
            raise Unreachable("no-route", f"{address}:{asked}")
        return address, asked

    return route


def checkdmarc(port: int, domains: Sequence[str]) -> float:
    """What checkdmarc.check_domains asks the DNS, one domain after the other as it does; no DNSSEC, nothing fetched over HTTPS."""
    import checkdmarc as peer
    import dns.nameserver
    from checkdmarc import bimi, dmarc, mta_sts, smtp, smtp_tls_reporting, soa, spf

    how = {"nameservers": [dns.nameserver.Do53Nameserver("127.0.0.1", port)], "timeout": 5.0}
    began = time.perf_counter()
    for domain in domains:
        soa.check_soa(domain, **how)
        peer.check_ns(domain, **how)
        smtp.check_mx(domain, **how)
        spf.check_spf(domain, **how)
        dmarc.check_dmarc(domain, **how)
        smtp_tls_reporting.check_smtp_tls_reporting(domain, **how)
        for query, parse in ((mta_sts.query_mta_sts_record, mta_sts.parse_mta_sts_record), (bimi.query_bimi_record, None)):
            with contextlib.suppress(mta_sts.MTASTSError, bimi.BIMIError):  # its way of saying that there is none, or that it is broken
                found = query(domain, **how)
                if parse is not None:
                    parse(found["record"])
    return time.perf_counter() - began


def bare(port: int, domains: Sequence[str]) -> float:
    """The questions that ours asks, each name and type once, by dnspython's asyncresolver; nothing is made of the answers."""
    import dns.asyncresolver
    import dns.exception
    import dns.nameserver

    questions = list(dict.fromkeys(asked(port, domains)))
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver("127.0.0.1", port)]
    resolver.lifetime = 10.0

    async def one(name: str, rrtype: str, places: asyncio.Semaphore) -> None:
        async with places:
            with contextlib.suppress(dns.resolver.NXDOMAIN, dns.resolver.NoNameservers):  # an answer like another
                await resolver.resolve(name, rrtype, raise_on_no_answer=False, search=False)

    async def every() -> float:
        places = asyncio.Semaphore(AT_ONCE)
        began = time.perf_counter()
        await asyncio.gather(*(one(*question, places) for question in questions))
        return time.perf_counter() - began

    return asyncio.run(every())


def asked(port: int, domains: Sequence[str]) -> list[tuple[str, str]]:
    """Name and type of every question of a look of ours."""
    import dns.message
    import dns.rdatatype

    from postlib.look import scan
    from postlib.network import Network
    from postlib.wire import Question

    heard: list[tuple[str, str]] = []

    def note(question: Question) -> None:
        heard.append((question.name.to_text(), dns.rdatatype.to_text(question.rrtype)))

    class Heard(Network):
        async def ask(self, question: Question, server: str, port: int = 53, *, tcp: bool = False) -> dns.message.Message:
            note(question)
            return await super().ask(question, server, port, tcp=tcp)

        async def volley(self, questions: Sequence[Question], server: str, port: int = 53) -> list[dns.message.Message | None]:
            for question in questions:
                note(question)
            return await super().volley(questions, server, port)

    list(scan(domains, Heard(forwarder=f"127.0.0.1:{port}", route=only(port)), profile="quick", at_once=AT_ONCE))
    return heard


LOOKS = {look.__name__: look for look in (ours, checkdmarc, bare)}

if __name__ == "__main__":
    print(json.dumps(LOOKS[sys.argv[1]](int(sys.argv[2]), sys.argv[3:])))
