"""DKIM: which keys sign a domain's mail, and whether they are sound (RFC 6376, RFC 8301, RFC 8463)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from postlib import acts
from postlib.finding import Lever, Remedy, Verdict, failed, not_applicable, passed, remedy, unknown
from postlib.network import Absent, Unknown
from postlib.probe import NOT_LOOKED, Observation, Probe, Profile, told
from postlib.probes import spf
from postlib.protocols.dkim import WELL_KNOWN, KeyRecord, SelectorKey, Selectors, key_record, selectors
from postlib.protocols.dkim.key import WEAK_BITS
from postlib.protocols.malformed import Malformed
from postlib.protocols.spf import Record
from postlib.protocols.spf.outcome import Result

ANY_SELECTOR = "*"
FRESH = ("s2026a", "s2026b", "default", "selector1", "selector2")  # names for a new key; all are among those that are tried
NEEDED_HASH = "sha256"  # RFC 8301, section 3.1


# Facts


@dataclass(frozen=True)
class Dkim:
    """What guessing found of the domain's selectors. DKIM has no list of them: one that is not found may still exist.

    `closed` is whether the domain itself says that it sends no mail.
    """

    domain: str
    selectors: Selectors | Unknown
    closed: bool | Unknown = False

    @property
    def keys(self) -> tuple[SelectorKey, ...]:
        """The key records seen, that of a wildcard among them under the selector "*"."""
        wildcard = self.selectors.wildcard
        return (*self.selectors.keys, *((SelectorKey(ANY_SELECTOR, wildcard),) if wildcard is not None else ()))

    @property
    def live(self) -> tuple[SelectorKey, ...]:
        """Those that hold a key: neither revoked nor broken."""
        return tuple(key for key in self.keys if key.record.key is not None and not key.record.faults)


# Observe


async def observe(net: Observation, domain: str) -> Dkim:
    """The key records at the selectors that providers and mail servers commonly use; a quick look does not guess."""
    closed = _closed(await net.facts(spf.probe, domain))
    if net.quick:
        return Dkim(domain, Unknown(NOT_LOOKED, domain), closed)
    try:
        return Dkim(domain, await told(selectors(net, domain, (*net.selectors.get(domain, ()), *WELL_KNOWN))), closed)
    except Malformed:  # with a selector before it the name is longer than a name can be, so that none can exist
        return Dkim(domain, Selectors(domain, "absent"), closed)


def _closed(seen: spf.Spf) -> bool | Unknown:
    """Whether the SPF record allows nobody (RFC 7208, section 5.1) and a null MX stands beside it (RFC 7505): each alone says less."""
    said = (_nobody(seen.record), seen.null_mx)
    if any(word is False for word in said):
        return False
    return next((word for word in said if isinstance(word, Unknown)), True)


def _nobody(record: Record | Absent | Unknown) -> bool | Unknown:
    """Whether every term up to `all` forbids. What a redirect leads to does not count: the domain's own words are looked at."""
    if isinstance(record, Unknown):
        return record
    if isinstance(record, Absent) or record.all is None:
        return False
    return all(directive.result is Result.FAIL for directive in record.evaluated)


# Remedies


def publish_key(dkim: Dkim) -> Remedy:
    """A first key: made where the mail is signed, its record published."""
    act = acts.dkim(dkim.domain, FRESH[0], bits=2048)
    return remedy("dkim.publish-key", Lever.MAIL_PROVIDER, act, name=f"{FRESH[0]}._domainkey.{dkim.domain}", domain=dkim.domain)


def _new_key(dkim: Dkim, wrong: tuple[SelectorKey, ...]) -> Remedy:
    """A new key under a new selector in place of those; the old records go once no letter signed with them is on its way.

    Where a provider holds all the records behind aliases, the keys are the provider's, and only the provider can make new ones.
    """
    bad = tuple(key for key in wrong if not key.target)
    if wrong and not bad:
        return _ask_provider(wrong)
    used = {key.selector for key in dkim.keys}
    fresh = next((name for name in FRESH if name not in used), FRESH[0])
    steps = [acts.dkim(dkim.domain, fresh, bits=2048), *(acts.dkim(dkim.domain, key.selector, removed=True) for key in bad)]
    old = ", ".join(key.selector for key in bad)
    return remedy("dkim.new-key", Lever.MAIL_PROVIDER, *steps, name=f"{fresh}._domainkey.{dkim.domain}", selector=fresh, old=old)


def _rewritten(dkim: Dkim, bad: tuple[SelectorKey, ...], without: str) -> Remedy:
    """The same keys in records without one tag. A provider that holds the records behind an alias mends them itself."""
    own = tuple(key for key in bad if not key.target)
    texts = [_without(key.record, without) for key in own]
    names = [f"{key.selector}._domainkey.{dkim.domain}" for key in own]
    steps = [acts.publish(name, "TXT", text) for name, text in zip(names, texts, strict=True)]
    if not steps:
        return _ask_provider(bad)
    return remedy("dkim.rewrite-record", Lever.DNS_HOST, *steps, name=", ".join(names), record=" ".join(texts))


def _ask_provider(keys: tuple[SelectorKey, ...]) -> Remedy:
    """The records stand in the provider's zone."""
    return remedy("dkim.ask-provider", Lever.MAIL_PROVIDER, name=", ".join(key.target for key in keys))


def _without(record: KeyRecord, tag: str) -> str:
    """The record without its list of hashes (h), of services (s), or without the test flag (t)."""
    return key_record(
        record.key,
        flags=tuple(flag for flag in record.flags if tag != "t" or flag != "y"),
        services=() if tag == "s" or record.services == ("*",) else record.services,
        hashes=() if tag == "h" else record.hashes,
    )


def replace_broken(dkim: Dkim) -> Remedy:
    """A new key in place of those that cannot be read."""
    return _new_key(dkim, _broken(dkim))


def replace_doubled(dkim: Dkim) -> Remedy:
    """A new key in place of those whose selector has several records."""
    return _new_key(dkim, _doubled(dkim))


def replace_short(dkim: Dkim) -> Remedy:
    """A new key of 2048 bits in place of the RSA keys smaller than that."""
    return _new_key(dkim, tuple(key for key in dkim.live if key.record.weak or key.record.short))


def end_test(dkim: Dkim) -> Remedy:
    """The same records without t=y."""
    return _rewritten(dkim, tuple(key for key in dkim.live if key.record.testing), "t")


def allow_sha256(dkim: Dkim) -> Remedy:
    """The same records without a list of hashes: all are then allowed, and only sound ones are in use."""
    return _rewritten(dkim, _without_hash(dkim), "h")


def allow_mail(dkim: Dkim) -> Remedy:
    """The same records without a list of services."""
    return _rewritten(dkim, _not_for_mail(dkim), "s")


# Checks

probe = Probe("dkim", "RFC 6376", observe)


@probe.check("section 3.6.2.1", remedy=publish_key, lesson="dmarc/03")
def published(dkim: Dkim, profile: Profile) -> Verdict:
    """The domain publishes a DKIM key that its mail can be signed with."""
    if profile.purpose(dkim.domain) == "none":
        return not_applicable(found="sends-no-mail")
    if dkim.live:
        return passed(key=tuple(_named(dkim.live)), found="others-unseen")
    if dkim.closed:
        return not_applicable(found="says-no-mail")
    if dkim.selectors.state == "absent":
        return failed(found="no-selector")
    revoked = tuple(key.selector for key in dkim.keys if key.record.revoked)
    silent = next(iter(dkim.selectors.unreachable), None)
    if silent is not None:
        return unknown(found="selector-not-reached", reason=silent[1], where=silent[2])
    if revoked or dkim.keys:
        return unknown(found="only-revoked-keys" if revoked else "only-broken-keys", selector=tuple(key.selector for key in dkim.keys))
    return unknown(found="no-selector-guessed")


@probe.check("section 3.6.1", remedy=replace_broken, lesson="dmarc/03")
def readable(dkim: Dkim, profile: Profile) -> Verdict:
    """Every DKIM key record that was found can be read, and holds a key or says that it is revoked."""
    broken = tuple(f"{key.selector} ({fault})" for key in _broken(dkim) for fault in key.record.faults)
    if broken:
        return failed(selector=broken)
    return passed(selector=tuple(key.selector for key in dkim.keys)) if dkim.keys else _nothing_seen()


@probe.check("section 3.6.2.2", remedy=replace_doubled, lesson="dmarc/03")
def one_key_each(dkim: Dkim, profile: Profile) -> Verdict:
    """Every selector that was found has one DKIM key record only."""
    doubled = tuple(f"{key.selector} ({key.others + 1})" for key in _doubled(dkim))
    if doubled:
        return failed(selector=doubled)
    return passed() if dkim.keys else _nothing_seen()


@probe.check("section 3.2", remedy=replace_short, lesson="dmarc/03", standard="RFC 8301")
def key_size(dkim: Dkim, profile: Profile) -> Verdict:
    """Every RSA key in use is long enough."""
    needed = max(WEAK_BITS, profile.number("dkim.rsa-bits"))
    short = tuple(key for key in dkim.live if key.record.key_type == "rsa" and key.record.bits < needed)
    if short:
        weak = any(key.record.bits < WEAK_BITS for key in short)
        return failed(key=tuple(_named(short)), needed=needed, found=() if weak else "allowed-not-recommended")
    return passed(key=tuple(_named(dkim.live))) if dkim.live else _nothing_seen()


@probe.check("section 3.6.1", remedy=end_test, lesson="dmarc/03")
def not_testing(dkim: Dkim, profile: Profile) -> Verdict:
    """No DKIM key says that it is only a test (t=y)."""
    testing = tuple(key.selector for key in dkim.live if key.record.testing)
    return failed(selector=testing) if testing else passed() if dkim.live else _nothing_seen()


@probe.check("section 3.1", remedy=allow_sha256, lesson="dmarc/03", standard="RFC 8301")
def sha256_allowed(dkim: Dkim, profile: Profile) -> Verdict:
    """Every DKIM key may be used with SHA-256, the one hash that still counts."""
    without = tuple(f"{key.selector} ({':'.join(key.record.hashes)})" for key in _without_hash(dkim))
    return failed(selector=without) if without else passed() if dkim.live else _nothing_seen()


@probe.check("section 3.6.1", remedy=allow_mail, lesson="dmarc/03")
def for_mail(dkim: Dkim, profile: Profile) -> Verdict:
    """Every DKIM key may be used for mail."""
    other = tuple(f"{key.selector} ({':'.join(key.record.services)})" for key in _not_for_mail(dkim))
    return failed(selector=other) if other else passed() if dkim.live else _nothing_seen()


def _broken(dkim: Dkim) -> tuple[SelectorKey, ...]:
    return tuple(key for key in dkim.keys if key.record.faults)


def _doubled(dkim: Dkim) -> tuple[SelectorKey, ...]:
    return tuple(key for key in dkim.keys if key.others)


def _without_hash(dkim: Dkim) -> tuple[SelectorKey, ...]:
    return tuple(key for key in dkim.live if key.record.hashes and NEEDED_HASH not in key.record.hashes)


def _not_for_mail(dkim: Dkim) -> tuple[SelectorKey, ...]:
    return tuple(key for key in dkim.live if not key.record.for_mail)


def _named(keys: tuple[SelectorKey, ...]) -> Iterator[str]:
    """Each key as its selector, kind and size, and where its record really stands."""
    for key in keys:
        yield f"{key.selector} ({key.record.key_type} {key.record.bits})" + (f" at {key.target}" if key.target else "")


def _nothing_seen() -> Verdict:
    return not_applicable(found="no-key-seen")
