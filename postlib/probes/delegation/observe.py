"""Looking at a delegation: the parent's referral, every server by UDP and TCP, and the addresses of their names."""

from __future__ import annotations

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from postlib.network import ABSENT, Absent, Unknown, Unreachable
from postlib.probe import Observation, told
from postlib.probes.delegation.facts import NOT_ASKED, Delegated, Host, texts
from postlib.resolver import Answer, Security, read_name
from postlib.resolver.iteration import MAX_NAMESERVERS
from postlib.wire import Question


async def observe(net: Observation, domain: str) -> Delegated:
    """The zone of the name; where that is the name itself its servers from both sides, their names' addresses, and their TCP."""
    zone = await holder(net, domain)
    silent = isinstance(zone, Unknown)
    if not silent and zone != domain:
        return Delegated(domain, zone, ABSENT)
    seen = await told(net.servers(domain))
    if isinstance(seen, Unknown) or not (seen.parent_ns or seen.child_ns):
        return Delegated(domain, zone, seen if isinstance(seen, Unknown) else ABSENT)
    names = tuple(dict.fromkeys(texts(seen.parent_ns + seen.child_ns)))
    speaking = dict.fromkeys(state.address for state in seen.servers if state.rcode == dns.rcode.NOERROR)
    hosts = await net.together(_host(net, name) for name in names[:MAX_NAMESERVERS])
    tcp = await net.together(_by_tcp(net, domain, address) for address in speaking)
    past = tuple(Host(name, Unknown(NOT_ASKED, name)) for name in names[MAX_NAMESERVERS:])
    return Delegated(domain, domain if silent and seen.parent_ns else zone, seen, (*hosts, *past), tuple(tcp))


async def holder(net: Observation, domain: str) -> str | Absent | Unknown:
    """The zone that holds a name, found by its SOA; absent where there is no such name."""
    name = read_name(domain)
    while name != dns.name.root:
        answer = await told(net.resolve(name, "SOA"))
        if isinstance(answer, Unknown):
            return answer
        if not answer.exists:
            return Unknown("bogus", f"{name} SOA") if answer.security is Security.BOGUS else ABSENT
        if answer.rrset is not None and not answer.aliases:
            return texts((name,))[0]
        name = name.parent()
    return "."


async def _host(net: Observation, name: str) -> Host:
    answers = await told(net.resolve(name, "A")), await told(net.resolve(name, "AAAA"))  # asked before, most often
    found: list[Answer] = []
    for answer in answers:
        if isinstance(answer, Unknown):
            return Host(name, answer, await _alias(net, name))
        found.append(answer)
    addresses = tuple(record.address for answer in found for record in answer.records if isinstance(record, (A, AAAA)))
    return Host(name, addresses, next((answer.canonical.to_text(omit_final_dot=True) for answer in found if answer.aliases), ""))


async def _alias(net: Observation, name: str) -> str:
    """Of what the name is an alias, where that leads nowhere; empty where it is none, or that too could not be told."""
    answer = await told(net.resolve(name, "CNAME"))
    targets = () if isinstance(answer, Unknown) else answer.records
    return next((texts((record.target,))[0] for record in targets if isinstance(record, CNAME)), "")


async def _by_tcp(net: Observation, domain: str, address: str) -> tuple[str, str]:
    """Why the server does not answer the question for the SOA by TCP; empty where it does."""
    question = Question(dns.name.from_text(domain), dns.rdatatype.SOA)
    try:
        reply = await net.network.ask(question, address, tcp=True)
    except Unreachable as error:
        return address, error.reason
    return address, "" if reply.flags & dns.flags.AA else "not-authoritative"
