"""Fictional providers with the habits of real ones: DNS panels, hosted mail, registrars, vendors with a subdomain of their own.

    panel = internet.domain("auroria.post").panel("panelo")
    panel.add("_dmarc.auroria.post", "TXT", "v=DMARC1; p=none")     # publishes _dmarc.auroria.post.auroria.post

All that they do are ordinary acts, so it stands in the journal. Who there is, and with which habits, is data: providers.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from postlib import acts
from postlib.lab import worlds
from postlib.lab.dns.zone import quoted
from postlib.lab.domain import Domain
from postlib.lab.guests import Guests
from postlib.lab.worlds import Entry

LONGEST_STRING = 255  # octets of one string of a TXT record (RFC 1035, section 3.3)
NAMING = ("CNAME", "MX", "NS", "SRV")  # types whose value ends in a name
HEX = re.compile(r"[0-9A-Fa-f]*")
POLICY = "/.well-known/mta-sts.txt"


@dataclass(frozen=True)
class Provider:
    """One provider: `lever` says what it holds of a domain (a word of postlib.finding.Lever), `habits` are faults, by name.

    `settings` are those of its panel, its form, its mail, its subdomain or its senders; a provider has some of them.
    """

    key: str
    name: str
    lever: str
    can: tuple[str, ...]
    cannot: tuple[str, ...]
    habits: tuple[str, ...]
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def of(self, part: str) -> Mapping[str, Any]:
        """The settings of its panel, form, mail … Raises ValueError, with those who have one, where it has none."""
        if part not in self.settings:
            others = ", ".join(key for key, other in providers().items() if part in other.settings)
            raise ValueError(f"{self.name} has no {part}; these have: {others}")
        return self.settings[part]


@cache
def providers() -> Mapping[str, Provider]:
    """All providers, by key."""
    return {key: _provider(key, dict(what)) for key, what in _data()["providers"].items()}


def provider(key: str) -> Provider:
    """One provider. Raises ValueError, with those there are."""
    try:
        return providers()[key]
    except (KeyError, TypeError):
        raise ValueError(f"there is no provider {str(key)[:60]!r}; the providers are: {', '.join(providers())}") from None


@cache
def _data() -> dict[str, Any]:
    text = resources.files("postlib.lab").joinpath("providers.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = worlds.read_yaml(text)
    return data


def _provider(key: str, what: dict[str, Any]) -> Provider:
    lists = {name: tuple(what.pop(name)) for name in ("can", "cannot", "habits")}
    return Provider(key, what.pop("name"), what.pop("lever"), **lists, settings=what)


def _said(sentence: str, **values: object) -> str:
    """What a panel or a form answers."""
    text: str = _data()["says"][sentence]
    for name, value in values.items():
        text = text.replace("{" + name.replace("_", "-") + "}", str(value))
    return text


@dataclass(frozen=True)
class Panel:
    """A DNS panel as its owner's customers meet it: it takes what is typed, says "Saved", and publishes what its habits make of it."""

    domain: Domain
    provider: Provider

    @property
    def rules(self) -> Mapping[str, Any]:
        """Its habits, as in providers.yaml."""
        return self.provider.of("panel")

    def add(self, name: str, rrtype: str, value: str, *, ttl: int = 3600) -> str:
        """Type a record in; returns what the panel says. Raises ValueError, in the panel's own words, for what it does not take."""
        kind = rrtype.upper()
        self._allowed(name, kind)
        values = self._texts(value) if kind == "TXT" else [self._target(value) if kind in NAMING else value]
        adds = self.rules["again"] == "add"
        for number, text in enumerate(values):
            self.domain.do(acts.publish(self._full(name), kind, text, ttl=ttl, add=adds or number > 0))
        return _said("saved", name=name, type=kind, value=value)

    def remove(self, name: str, rrtype: str) -> str:
        """Take away all records of that name and type, named as when they were added. Raises ValueError if there are none."""
        self.domain.do(acts.withdraw(self._full(name), rrtype.upper()))
        return _said("removed", name=name, type=rrtype.upper())

    def _allowed(self, name: str, kind: str) -> None:
        types = self.rules["types"]
        if kind not in types:
            raise self._refusal("no-type", type=kind, types=", ".join(types))
        if "_" in name and not self.rules.get("underscore", True):
            raise self._refusal("no-underscore", name=name)

    def _refusal(self, sentence: str, **values: object) -> ValueError:
        return ValueError(f"{self.provider.name}: {_said(sentence, **values)}")

    def _full(self, name: str) -> str:
        """The name that is published: with the domain behind it, also where it was there already, if that is the panel's habit."""
        domain, typed = self.domain.name, name.rstrip(".")
        if typed in ("@", "") or (typed == domain and self.rules["names"] == "missing"):
            return domain
        return typed if self.rules["names"] == "missing" and typed.endswith(f".{domain}") else f"{typed}.{domain}"

    def _target(self, value: str) -> str:
        """The value of a type that ends in a name: a name without its last dot is one of the zone's, or has dots and is whole."""
        whole = self.rules["targets"] == "missing" and "." in value.split()[-1] if value.strip() else False
        return f"{value.strip()}." if whole and not value.strip().endswith(".") else value

    def _texts(self, typed: str) -> list[str]:
        """A text as one record or more, each quoted as in a zone file, so that not an octet is lost that the panel did not lose."""
        text = _with_quotes(typed, self.rules["quotes"])
        if self.rules.get("semicolons") == "escaped":
            text = text.replace(";", "\\;")
        octets, habit = text.encode(), self.rules["long"]
        if len(octets) <= LONGEST_STRING or habit == "split":
            return [quoted(text)]
        if habit == "refused":
            raise self._refusal("too-long", most=LONGEST_STRING)
        pieces = [octets[at : at + LONGEST_STRING].decode("utf-8", "ignore") for at in range(0, len(octets), LONGEST_STRING)]
        return [quoted(piece) for piece in (pieces if habit == "two-records" else pieces[:1])]


def _with_quotes(text: str, habit: str) -> str:
    """What becomes of straight quotes: kept, taken away at both ends, or made curly, an opening and a closing one in turn."""
    if habit == "removed":
        return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if habit == "kept":
        return text
    pieces = text.split('"')
    return "".join(piece + ("" if number == len(pieces) else "“”"[(number + 1) % 2]) for number, piece in enumerate(pieces, 1))


@dataclass(frozen=True)
class Form:
    """A registrar's form: a DS record in four fields."""

    domain: Domain
    provider: Provider

    def order_ds(self, key_tag: int, algorithm: int, digest_type: int, digest: str) -> str:
        """Order this DS record in place of all others; returns what the form says. Raises ValueError, in the form's words.

        It looks at the form of each field alone: that the DS belongs to a key of the zone is nobody's business there.
        """
        rules, typed = self.provider.of("form"), "".join(digest.split())
        if algorithm not in rules["algorithms"]:
            raise self._refusal("no-algorithm", algorithm=algorithm, algorithms=", ".join(map(str, rules["algorithms"])))
        if digest_type not in rules["digests"]:
            raise self._refusal("no-digest-type", digest_type=digest_type, digest_types=", ".join(map(str, rules["digests"])))
        most = rules["digests"][digest_type]
        if len(typed) != most or not HEX.fullmatch(typed):
            raise self._refusal("bad-digest", most=most, length=len(typed))
        self.domain.do(acts.registry(self.domain.name, ds=[f"{key_tag} {algorithm} {digest_type} {typed}"]))
        return _said("ordered", domain=self.domain.name)

    def _refusal(self, sentence: str, **values: object) -> ValueError:
        return ValueError(f"{self.provider.name}: {_said(sentence, **values)}")


def panel(domain: Domain, key: str) -> Panel:
    """The panel of a provider for one domain. Raises ValueError for a provider that has none."""
    provider(key).of("panel")
    return Panel(domain, provider(key))


def registrar(domain: Domain, key: str) -> Form:
    """The form of a registrar for one domain. Raises ValueError for a provider that has none."""
    provider(key).of("form")
    return Form(domain, provider(key))


def move_mail(domain: Domain, key: str, *, aliases: bool = True) -> None:
    """Move the domain's mail to a provider: exchanger, SPF record, MTA-STS policy, and the DKIM keys, which stay the provider's.

    Without `aliases` the two CNAMEs are forgotten: the provider's mail for the domain is then not signed with its name.
    Raises ValueError for a provider without mail.
    """
    for act in _moved(domain, provider(key).of("mail")):
        domain.do(act)
    if aliases:
        for number, selector in enumerate(provider(key).of("mail")["selectors"]):
            for act in _held(domain, provider(key).of("mail"), selector, signs=number == 0):
                domain.do(act)


def _moved(domain: Domain, mail: Mapping[str, Any]) -> Iterator[acts.Act]:
    host = mail["exchanger"]
    yield acts.publish(domain.name, "MX", f"10 {host}.")
    others = [text for text in domain.zone.get("@", "TXT") if not text.lower().startswith('"v=spf1')]
    yield acts.publish(domain.name, "TXT", mail["spf"], *others)
    if f"mta-sts.{domain.name}" in domain.state.sites:
        policy = f"version: STSv1\nmode: enforce\nmx: {host}\nmax_age: 604800\n"
        yield acts.web(f"mta-sts.{domain.name}", pages={POLICY: policy})
    yield from (acts.dkim(domain.name, selector.name, removed=True) for selector in domain.mail.settings.selectors)
    yield acts.mail(domain.name, host=host)


def _held(domain: Domain, mail: Mapping[str, Any], selector: str, *, signs: bool) -> Iterator[acts.Act]:
    """A key that the provider makes and holds, and the alias that leads to it."""
    owner = f"{selector}._domainkey.{domain.name}"
    held = str(mail["key"]).replace("{selector}", selector).replace("{domain}", domain.name)
    yield acts.dkim(domain.name, selector, signs=signs)
    (record,) = domain.zone.get(f"{selector}._domainkey", "TXT")
    yield acts.withdraw(owner, "TXT")
    yield acts.publish(held, "TXT", record)
    yield acts.publish(owner, "CNAME", f"{held}.")


def senders(key: str, domain: str) -> dict[str, dict[str, str]]:
    """What a provider's customers send by ways that nobody planned: for each, what `internet.send` needs beside the recipient."""
    found = provider(key).of("senders")
    return {name: {word: str(value).replace("{domain}", domain) for word, value in how.items()} for name, how in found.items()}


def subdomain(key: str, domain: str, *, faults: Iterable[str] | None = None) -> Guests:
    """A vendor's subdomain of a domain, with name servers of its own: `visit("union", learner=subdomain("noticeboard", "auroria.post"))`.

    It comes with the vendor's habits, or with other `faults`. Raises ValueError for a provider that has none.
    """
    settings, worn = dict(provider(key).of("subdomain")), provider(key).habits if faults is None else tuple(faults)
    name = f"{settings.pop('label')}.{domain}"
    entry = Entry(name, settings.pop("kind"), worn, {"country": provider(key).name, **settings})
    return Guests((entry,), tuple(act for fault in worn for act in worlds.faults()[fault].on(name)))
