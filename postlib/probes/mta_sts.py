"""MTA-STS: which mail servers a domain has, said over HTTPS, and that only encrypted mail may go there (RFC 8461)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from postlib import acts
from postlib.acts import Act
from postlib.finding import Lever, Remedy, Status, Verdict, failed, not_applicable, passed, remedy
from postlib.network import CouldNotTell, Unknown
from postlib.probe import Observation, Probe, Profile, told
from postlib.probes import starttls
from postlib.probes.starttls import Starttls
from postlib.probes.tls_rpt import ABSENT, SEVERAL, readable
from postlib.protocols.mta_sts import MtaSts, Policy, allows, discover
from postlib.protocols.starttls import StartTls
from postlib.protocols.text_record import versioned
from postlib.protocols.tls import Handshake

PATH = "/.well-known/mta-sts.txt"  # section 3.3
FIRST = Policy("testing", (), 86_400)  # kept for a day: a first policy may soon be taken back
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
        return tuple(sorted(readable(versioned(self.found.texts, "STSv1"))))

    @property
    def policy(self) -> Policy | None:
        """The policy that senders go by, in mode testing or enforce; None where there is none. Raises CouldNotTell."""
        policy = self.found.policy
        if isinstance(policy, Unknown):
            raise CouldNotTell(policy)
        return policy if policy is not None and policy.mode != "none" else None

    @property
    def uncovered(self) -> list[str]:
        """The exchangers that the policy does not name."""
        return [host for host in self.hosts if self.policy is None or not allows(self.policy, host)]

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
    return _change(facts, "mta-sts.begin", first_step=True)


def publish_record(facts: Sts) -> Remedy:
    """One record that can be read, in place of what is there."""
    record, act = _record(facts)
    return remedy("mta-sts.publish-record", Lever.DNS_HOST, act, name=act["name"], record=record)


def serve_policy(facts: Sts) -> Remedy:
    """The policy file at its place, as text, without detour; in mode testing, for nobody knows how long it was away."""
    if facts.found.policy_failure == "no-address":
        return remedy("mta-sts.policy-host", Lever.DNS_HOST, host=_host(facts))
    return _change(facts, "mta-sts.serve-policy", first_step=True)


def new_certificate(facts: Sts) -> Remedy:
    """A certificate for the policy host from an authority that senders know."""
    return remedy("mta-sts.certificate", Lever.WEB_HOST, acts.web(_host(facts), personality="good"), host=_host(facts))


def cover_exchangers(facts: Sts) -> Remedy:
    """The same policy with every exchanger in it, where those that it lacks would keep it; else mending them is the first step."""
    named = Policy("enforce", tuple(facts.uncovered), ENFORCED_AGE)
    return _change(facts, "mta-sts.cover") if _kept(facts, named).status is Status.PASS else _mend_first(facts.uncovered)


def enforce(facts: Sts) -> Remedy:
    """Mode enforce, where every mail server was seen to keep the policy; before that, mending those is the first step."""
    if facts.uncovered or _kept(facts, facts.policy or FIRST).status is not Status.PASS:
        return _mend_first(facts.uncovered or facts.hosts)
    return _change(facts, "mta-sts.enforce", mode="enforce", max_age=ENFORCED_AGE)


def lengthen(facts: Sts) -> Remedy:
    """The same policy, to be kept for two weeks."""
    return _change(facts, "mta-sts.lengthen", max_age=ENFORCED_AGE)


def mend_servers(facts: Sts) -> Remedy:
    """STARTTLS with a certificate that is believed, at the servers that lack it."""
    hosts = [server.host for server in facts.servers.answering if isinstance(word := _unprotected(server), str) and word]
    return starttls.setting(facts.domain, "mta-sts.mend-servers", hosts, starttls=True, certificate="good")


def _mend_first(hosts: Sequence[str]) -> Remedy:
    return remedy("mta-sts.mend-first", Lever.MAIL_PROVIDER, first_step=True, host=", ".join(hosts))


def _change(facts: Sts, template: str, *, first_step: bool = False, **changes: Any) -> Remedy:
    """Another policy. The file comes first, the record after it, or senders keep the old file under the new id (section 8.1)."""
    policy = replace(facts.policy or FIRST, **changes)
    patterns = (*policy.mx, *facts.uncovered)
    fields = ["version: STSv1", f"mode: {policy.mode}", *(f"mx: {pattern}" for pattern in patterns), f"max_age: {policy.max_age}"]
    file = acts.web(_host(facts), pages={PATH: "".join(f"{line}\r\n" for line in fields)})
    record, publish = _record(facts)
    values = {"url": f"https://{_host(facts)}{PATH}", "policy": "\n".join(fields), "name": publish["name"], "record": record}
    return remedy(template, Lever.WEB_HOST, file, publish, first_step=first_step, **values)


def _record(facts: Sts) -> tuple[str, Act]:
    """A record with an id that it did not have before, beside what else stands at the name."""
    others = [text for text in readable(facts.found.texts) if not text.startswith("v=STSv1")]
    used = facts.found.record.id if facts.found.record is not None else ""
    new_id = facts.new_id if used != facts.new_id else f"{facts.new_id}1"
    record = f"v=STSv1; id={new_id}"
    return record, acts.publish(f"_mta-sts.{facts.domain}", "TXT", record, *others)


def _host(facts: Sts) -> str:
    return f"mta-sts.{facts.domain}"


# Checks

probe = Probe("mta-sts", "RFC 8461", observe, asks=(("_mta-sts.", "TXT"),))


@probe.check("section 3.1", remedy=begin, lesson="dmarc/10")
def published(facts: Sts, profile: Profile) -> Verdict:
    """The domain says with an MTA-STS record that it has a policy for encrypted mail."""
    if facts.found.record_failure != ABSENT:
        return passed(record=facts.records)
    return failed(found=ABSENT) if facts.servers.exchangers.accepts_mail else not_applicable(found="takes-no-mail")


@probe.check("section 3.1", remedy=publish_record, lesson="dmarc/10")
def one_record(facts: Sts, profile: Profile) -> Verdict:
    """There is no more than one MTA-STS record: senders take several for none."""
    if facts.found.record_failure == ABSENT:
        return not_applicable(found=ABSENT)
    return failed(record=facts.records) if facts.found.record_failure == SEVERAL else passed(record=facts.records)


@probe.check("section 3.1", remedy=publish_record, lesson="dmarc/10")
def syntax(facts: Sts, profile: Profile) -> Verdict:
    """The MTA-STS record can be read, and has an id."""
    if facts.found.record_failure in (ABSENT, SEVERAL):
        return not_applicable(found=facts.found.record_failure)
    if facts.found.record is None:
        return failed(record=facts.records, problem=facts.found.record_failure)
    return passed(id=facts.found.record.id)


@probe.check("section 3.3", remedy=serve_policy, lesson="dmarc/10")
def policy_served(facts: Sts, profile: Profile) -> Verdict:
    """The policy file is served over HTTPS as plain text at its place, with status 200 and without redirection."""
    failure = facts.found.policy_failure
    if facts.found.record is None or failure == UNTRUSTED:  # nobody looks at what an untrusted host serves
        return not_applicable(found="no-readable-record" if facts.found.record is None else UNTRUSTED)
    if _unserved(failure):
        response = facts.found.response
        return failed(problem=failure, status=(response.status,) if response else (), host=_host(facts))
    return passed(url=f"https://{_host(facts)}{PATH}") if facts.found.policy or failure else _no_policy(facts)


@probe.check("section 3.3", remedy=new_certificate, lesson="dmarc/10")
def policy_certificate(facts: Sts, profile: Profile) -> Verdict:
    """The policy host shows a certificate that is trusted for its name."""
    response = facts.found.response
    if response is None or response.trust is None:
        return _no_policy(facts)
    if response.trust.trusted:
        return passed(host=_host(facts))
    return failed(host=_host(facts), problem=tuple(problem.reason for problem in response.trust.problems))


@probe.check("section 3.2", remedy=begin, lesson="dmarc/10")
def policy_syntax(facts: Sts, profile: Profile) -> Verdict:
    """The policy file can be read, and says all that it must: version, mode, mx and max_age."""
    failure = facts.found.policy_failure
    if facts.found.policy is None and (not failure or failure == UNTRUSTED or _unserved(failure)):
        return _no_policy(facts)
    if failure:
        return failed(problem=failure)
    return passed(advice="mta-sts.repeated-fields" if facts.found.policy and facts.found.policy.repeated else "")


@probe.check("section 5", remedy=begin, lesson="dmarc/10")
def active(facts: Sts, profile: Profile) -> Verdict:
    """The policy asks for something: its mode is testing or enforce, and not none."""
    if facts.found.policy is None:
        return _no_policy(facts)
    return passed(mode=facts.policy.mode) if facts.policy is not None else failed(mode="none")


@probe.check("section 5", remedy=enforce, lesson="dmarc/10")
def enforced(facts: Sts, profile: Profile) -> Verdict:
    """The policy is in mode enforce: mail waits rather than travel unprotected."""
    if facts.policy is None:
        return _no_policy(facts)
    mode = facts.policy.mode
    return passed(mode=mode) if mode == "enforce" else failed(mode=mode)


@probe.check("section 3.2", remedy=lengthen, lesson="dmarc/10")
def max_age(facts: Sts, profile: Profile) -> Verdict:
    """Senders keep an enforced policy for a week or longer, so that nobody can wait until they have forgotten it."""
    if facts.policy is None:
        return _no_policy(facts)
    if facts.policy.mode == "testing":  # a short time is right while it may still be taken back
        return not_applicable(mode="testing")
    seconds = facts.policy.max_age
    return passed(max_age=seconds) if seconds >= profile.number("mta-sts.max-age") else failed(max_age=seconds)


@probe.check("section 4.1", remedy=cover_exchangers, lesson="dmarc/10")
def covers_exchangers(facts: Sts, profile: Profile) -> Verdict:
    """The policy names every mail exchanger of the domain."""
    if facts.policy is None:
        return _no_policy(facts)
    if not facts.hosts:
        return not_applicable(found="takes-no-mail")
    return failed(host=facts.uncovered, mx=facts.policy.mx) if facts.uncovered else passed(mx=facts.policy.mx)


@probe.check("section 4.2", remedy=mend_servers, lesson="dmarc/10")
def exchangers_keep_it(facts: Sts, profile: Profile) -> Verdict:
    """Every mail exchanger that the policy names offers STARTTLS with a certificate that is trusted for its name."""
    return _no_policy(facts) if facts.policy is None else _kept(facts, facts.policy)


def _kept(facts: Sts, policy: Policy) -> Verdict:
    named = tuple(server for server in facts.servers.servers if allows(policy, server.host))
    if not named:
        return not_applicable(found="takes-no-mail" if not facts.hosts else "no-exchanger-named")
    return starttls.everywhere(replace(facts.servers, servers=named), _unprotected)


def _unprotected(server: StartTls) -> str | Unknown:
    """Why a sender that goes by the policy would not deliver to this server, "" where it would."""
    if not server.offered:
        return "not-offered"
    if not isinstance(server.handshake, Handshake):
        return server.failure if server.handshake is None else server.handshake
    return "" if server.trust is None or server.trust.trusted else server.trust.result


def _unserved(failure: str) -> bool:
    return failure in UNSERVED or failure.startswith("tls-")


def _no_policy(facts: Sts) -> Verdict:
    """Why there is none. Unknown where the policy host could not be asked."""
    if facts.found.record is None:
        return not_applicable(found=ABSENT if facts.found.record_failure == ABSENT else "no-readable-record")
    return not_applicable(found="mode-none" if facts.found.policy else "no-usable-policy")
