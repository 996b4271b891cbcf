"""MTA-STS: which mail servers a domain has, said over HTTPS, and that only encrypted mail may go there (RFC 8461)."""

from __future__ import annotations

from dataclasses import dataclass

from postlib import acts
from postlib.finding import Lever, Remedy, Status, Verdict, failed, not_applicable, passed, remedy, unknown
from postlib.network import Unknown
from postlib.probe import Observation, Probe, Profile, told
from postlib.probes import starttls
from postlib.probes.starttls import Starttls
from postlib.probes.tls_rpt import ABSENT, SEVERAL, readable
from postlib.protocols.mta_sts import MtaSts, Policy, allows, discover
from postlib.protocols.starttls import StartTls
from postlib.protocols.text_record import versioned

PATH = "/.well-known/mta-sts.txt"  # section 3.3
TESTING_AGE = 86_400  # seconds: a first policy may soon be taken back
ENFORCED_AGE = 1_209_600  # seconds: two weeks; section 3.2 expects weeks or more
# what kept the policy from being fetched, in the order of a fetch; a word that is not here is of the policy's own grammar
UNSERVED = ("no-address", "not-200", "redirect", "wrong-media-type", "malformed-http")
UNTRUSTED = "untrusted"


# Facts


@dataclass(frozen=True)
class Sts:
    """The record and policy of a domain, and its mail servers. `new_id` is an id for the record of a new policy."""

    domain: str
    found: MtaSts | Unknown
    servers: Starttls
    new_id: str

    @property
    def records(self) -> tuple[str, ...]:
        """The MTA-STS records, without the other TXT records of the name."""
        return readable(versioned(self.found.texts, "STSv1"))

    @property
    def policy(self) -> Policy | None:
        """The policy that senders go by; None where there is none, or where it says that there is none (mode none)."""
        policy = self.found.policy
        return policy if isinstance(policy, Policy) and policy.mode != "none" else policy and None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The exchangers that mail can go to."""
        return tuple(host.host for host in self.servers.exchangers.hosts if host.addresses.possible)


# Observe


async def observe(net: Observation, domain: str) -> Sts:
    """The record, the policy where there is a record, and the mail servers."""
    found = await told(discover(net, domain))
    new_id = f"{net.network.clock.now():%Y%m%dT%H%M%SZ}"
    return Sts(domain, found, await net.facts(starttls.probe, domain), new_id)


# Remedies


def begin(facts: Sts) -> Remedy:
    """A policy in mode testing, and then the record: senders report what would fail, and mail goes on as before."""
    return _change(facts, "mta-sts.begin", "testing", TESTING_AGE, first_step=True)


def publish_record(facts: Sts) -> Remedy:
    """One record that can be read, in place of what is there."""
    record, act = _record(facts)
    return remedy("mta-sts.publish-record", Lever.DNS_HOST, act, name=act["name"], record=record)


def serve_policy(facts: Sts) -> Remedy:
    """The policy file at its place, as text, without detour; in mode testing, for nobody knows how long it was away."""
    if facts.found.policy_failure == "no-address":
        return remedy("mta-sts.policy-host", Lever.DNS_HOST, host=_host(facts))
    return _change(facts, "mta-sts.serve-policy", "testing", TESTING_AGE, first_step=True)


def new_certificate(facts: Sts) -> Remedy:
    """A certificate for the policy host from an authority that senders know."""
    return remedy("mta-sts.certificate", Lever.WEB_HOST, acts.web(_host(facts), personality="good"), host=_host(facts))


def cover_exchangers(facts: Sts) -> Remedy:
    """The same policy with every exchanger in it. Section 8.3: the policy first, and the MX records later."""
    policy = facts.found.policy
    return _change(facts, "mta-sts.cover", policy.mode, policy.max_age)


def enforce(facts: Sts) -> Remedy:
    """Mode enforce, where every mail server was seen to keep the policy; before that, mending those is the first step."""
    if exchangers_keep_it_verdict(facts).status is not Status.PASS:
        return remedy("mta-sts.mend-first", Lever.MAIL_PROVIDER, first_step=True, host=", ".join(facts.hosts))
    return _change(facts, "mta-sts.enforce", "enforce", max(facts.found.policy.max_age, ENFORCED_AGE))


def lengthen(facts: Sts) -> Remedy:
    """The same policy, to be kept for two weeks."""
    return _change(facts, "mta-sts.lengthen", facts.found.policy.mode, ENFORCED_AGE)


def mend_servers(facts: Sts) -> Remedy:
    """STARTTLS with a certificate that is believed, at the servers that lack it."""
    wrong = [server for server in facts.servers.answering if starttls.unprotected(server)]
    settings = {"starttls": True} if any(not server.offered for server in wrong) else {}
    return starttls.setting(facts.domain, "mta-sts.mend-servers", [s.host for s in wrong], certificate="good", **settings)
