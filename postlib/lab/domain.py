"""A domain of the lab as its owner handles it: four parts, zone, mail, web and registry. Every change is an act in the journal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from postlib import acts
from postlib.acts import Act
from postlib.lab.dns.zone import Zone
from postlib.lab.mail.settings import MailSettings
from postlib.lab.replay import parse_name, record_type
from postlib.lab.site import Site
from postlib.lab.spelling import meant
from postlib.lab.state import State
from postlib.lab.website import no_site

if TYPE_CHECKING:
    from postlib.lab.providers import Panel


CURLY = re.compile("[\u201c\u201d\u201e\u201f]")
DASH = re.compile("[\u2010-\u2015\u2212]")  # hyphens, dashes and a minus that no keyboard has, and that a text processor makes of -
DOTS = "\u2026"
NO_REMEDY = {
    "pass": "the check {check} passed, so there is nothing to mend",
    "fail": "the check {check} failed, and postlib knows no remedy for it: its advice and lesson say more",
    "not-applicable": "the check {check} does not apply to this domain, so there is nothing to mend",
    "unknown": "the check {check} could not tell, so nothing can be mended yet: look again",
}  # why a finding has none, by its status


class Home(Protocol):
    """The Internet that a domain is part of. Its state is another one after `internet.reset()`."""

    @property
    def state(self) -> State:
        """What it consists of now."""
        ...

    def do(self, act: Act) -> None:
        """Carry out one act."""
        ...


@dataclass(frozen=True)
class Domain:
    """One domain. Names given to its methods are relative to it, as in a DNS panel; "@" is the domain itself.

    So `publish("_dmarc.auroria.post", …)` at auroria.post would make _dmarc.auroria.post.auroria.post. A panel does so without a word,
    as `panel("panelo")` shows; `publish` refuses it and says what to write.
    """

    name: str
    home: Home = field(repr=False)

    @property
    def state(self) -> State:
        """The state of its Internet now."""
        return self.home.state

    def do(self, act: Act) -> None:
        """Carry out one act and write it into the journal. Raises ValueError."""
        self.home.do(act)

    @property
    def zone(self) -> ZonePart:
        """Its DNS zone."""
        return ZonePart(self)

    @property
    def mail(self) -> MailPart:
        """Its mail servers and DKIM keys."""
        return MailPart(self)

    @property
    def web(self) -> WebPart:
        """Its web servers."""
        return WebPart(self)

    @property
    def registry(self) -> RegistryPart:
        """What the zone above says of it."""
        return RegistryPart(self)

    def publish(self, name: str, rrtype: str, *values: str, ttl: int = 3600, add: bool = False) -> None:
        """Make `values` the records of that name and type; with `add=True`, put them beside what is there.

        Raises ValueError, also for a name that would have the domain in it twice, and for a TXT value with curly or odd quotes,
        a long dash or the sign …: who means them does the act itself, `internet.do(acts.publish(…))`.
        """
        self._not_doubled(name)
        for value in values if rrtype.upper() == "TXT" else ():
            _straight(str(value))
        self.do(acts.publish(self.absolute(name), rrtype.upper(), *values, ttl=ttl, add=add))

    def withdraw(self, name: str, rrtype: str, *values: str) -> None:
        """Take the records of that name and type away: all, or only `values`. Raises ValueError if there are none."""
        self.do(acts.withdraw(self.absolute(name), rrtype.upper(), *values))

    def sign(self, **settings: Any) -> None:
        """Sign the zone and give the registry its DS record: the two steps of DNSSEC in one call; `zone.sign` and
        `registry.publish_ds` are one each."""
        self.do(acts.sign(self.name, **settings))
        self.do(acts.registry(self.name, ds="match"))

    def apply(self, remedy: Any) -> None:
        """Carry out a remedy's acts: `remedy` is a Remedy, or a Finding that has one. Raises ValueError if it has none to carry out."""
        for act in _acts(remedy, self.name):
            self.do(dict(act))

    def panel(self, provider: str) -> Panel:
        """The DNS panel of a provider (postlib.lab.providers), through which most people must go. Raises ValueError for none."""
        from postlib.lab.providers import panel  # reads YAML, and makes Domains

        return panel(self, provider)

    def reset(self) -> None:
        """Start this domain again, as the world made it; everything else stays as it is."""
        self.do(acts.reset(self.name))

    def _not_doubled(self, name: str) -> None:
        typed = name.lower()
        if typed == self.name or typed.endswith(f".{self.name}"):
            short = name[: -len(self.name)].rstrip(".") or "@"
            raise ValueError(f'this would make {name}.{self.name}; names here are relative: "{short}", or with a last dot "{name}."')

    def absolute(self, name: str) -> str:
        """The full name of a relative one; a name that ends in a dot is full already. Raises ValueError for one of another domain."""
        if name.endswith("."):
            if not parse_name(name).is_subdomain(parse_name(self.name)):
                raise ValueError(f"{name} is not in the zone of {self.name}; a name without its last dot is relative to it")
            return name.removesuffix(".")
        return self.name if name in ("@", "") else f"{name}.{self.name}"

    def __repr__(self) -> str:
        return f"Domain({self.name!r})"


def _straight(value: str) -> None:
    """Raises ValueError for quotes, dashes and dots in a TXT value that a DNS server would serve as they are, and no program could read."""
    if found := CURLY.search(value):
        raise ValueError(f"this TXT value has a curly quote {found[0]}: type a straight one, or leave the quotes away")
    if value.count('"') % 2:
        raise ValueError('this TXT value has a quote " without its partner: type the other one, or leave both away')
    if found := DASH.search(value):
        raise ValueError(f"this TXT value has a long dash {found[0]}: type the short one of the keyboard, -")
    if DOTS in value:
        raise ValueError(f"this TXT value has the sign {DOTS}: write in its place what belongs there")


def _acts(remedy: Any, domain: str) -> Sequence[Mapping[str, Any]]:
    """What is to be done. Raises ValueError, and says which of the possible mistakes was made."""
    check, subject = getattr(remedy, "check", ""), getattr(remedy, "subject", domain)
    if check and subject != domain:
        raise ValueError(f"this finding is about {subject}: use internet.domain({subject!r})")
    if check and remedy.remedy is None:
        raise ValueError(NO_REMEDY[remedy.status.value].format(check=check))
    remedy = remedy.remedy if check else remedy
    if not hasattr(remedy, "acts"):
        raise ValueError('apply takes one finding, for example report["dmarc.enforced"], or its remedy')
    todo: Sequence[Mapping[str, Any]] = remedy.acts
    if not todo:
        raise ValueError("this remedy cannot be carried out here: it asks you for a decision, or someone else for a change")
    return todo


@dataclass(frozen=True)
class ZonePart:
    """The domain's zone: text in, text out, one record set at a time through `publish` and `withdraw` of the domain."""

    domain: Domain

    @property
    def _zone(self) -> Zone:
        return self.domain.state.zone_of(parse_name(self.domain.name))

    def text(self) -> str:
        """The zone as a master file, without signatures."""
        return self._zone.text()

    def load(self, text: str) -> None:
        """Replace all records by those of a master file. Raises ValueError, and changes nothing, if it cannot be read."""
        self.domain.do(acts.load(self.domain.name, text))

    def get(self, name: str, rrtype: str) -> tuple[str, ...]:
        """The records of that name and type, as text; empty if there are none."""
        found = self._zone.get(parse_name(self.domain.absolute(name)), record_type(rrtype))
        return tuple(record.to_text() for record in found or ())

    @property
    def signed(self) -> bool:
        """Whether the zone is signed."""
        return self._zone.signing is not None

    def sign(self, **settings: Any) -> None:
        """Sign the zone. The registry's DS is a step of its own: `registry.publish_ds()`."""
        self.domain.do(acts.sign(self.domain.name, **settings))

    def unsign(self) -> None:
        """Take the signatures away; with a DS still at the registry this breaks the domain."""
        self.domain.do(acts.sign(self.domain.name, signed=False))


@dataclass(frozen=True)
class MailPart:
    """The domain's mail."""

    domain: Domain

    @property
    def settings(self) -> MailSettings:
        """The settings now. Raises ValueError for a domain that has no mail."""
        try:
            return self.domain.state.mail[self.domain.name]
        except KeyError:
            raise ValueError(f"{self.domain.name} has no mail in this lab{meant(self.domain.name, self.domain.state.mail)}") from None

    def set(self, **changes: Any) -> None:
        """Change settings: `starttls`, `certificate`, `envelope` …"""
        self.domain.do(acts.mail(self.domain.name, **changes))

    def new_key(self, selector: str, *, kind: str = "rsa", bits: int = 2048, signs: bool = True) -> None:
        """Make a DKIM key, publish its record and, unless `signs=False`, sign with it from now on."""
        self.domain.do(acts.dkim(self.domain.name, selector, kind=kind, bits=bits, signs=signs))

    def sign_with(self, *selectors: str) -> None:
        """From now on sign with the keys of these selectors, and with no other."""
        self.domain.do(acts.mail(self.domain.name, signing=list(selectors)))

    def revoke_key(self, selector: str) -> None:
        """Publish an empty key: signatures of that selector verify no more (RFC 6376, section 3.6.1)."""
        self.domain.do(acts.dkim(self.domain.name, selector, revoked=True))

    def remove_key(self, selector: str) -> None:
        """Take a selector's record away."""
        self.domain.do(acts.dkim(self.domain.name, selector, removed=True))


@dataclass(frozen=True)
class WebPart:
    """The domain's web servers."""

    domain: Domain

    def site(self, host: str = "@") -> Site:
        """The site of a host. Raises ValueError where there is none."""
        try:
            return self.domain.state.sites[self.domain.absolute(host)]
        except KeyError:
            raise no_site(self.domain.state, self.domain.absolute(host)) from None

    def set(self, host: str = "@", **changes: Any) -> None:
        """Change a site: `personality`, `hsts`, `redirect`, or `pages={path: text or None}`."""
        self.domain.do(acts.web(self.domain.absolute(host), **changes))


@dataclass(frozen=True)
class RegistryPart:
    """The delegation, as the registry of the zone above keeps it."""

    domain: Domain

    def get(self, rrtype: str) -> tuple[str, ...]:
        """The NS or DS records that the parent holds, as text."""
        origin = parse_name(self.domain.name)
        found = self.domain.state.parent_of(origin).get(origin, record_type(rrtype))
        return tuple(record.to_text() for record in found or ())

    def publish_ds(self, *texts: str) -> None:
        """Give the registry DS records; without any, those of the keys in use."""
        self.domain.do(acts.registry(self.domain.name, ds=list(texts) or "match"))

    def withdraw_ds(self) -> None:
        """Have the DS records taken away: the domain is then unsigned for the world."""
        self.domain.do(acts.registry(self.domain.name, ds=[]))

    def set_servers(self, *hosts: str, glue: dict[str, list[str]] | None = None) -> None:
        """Name other servers for the zone."""
        self.domain.do(acts.registry(self.domain.name, ns=list(hosts), glue=glue or {}))
