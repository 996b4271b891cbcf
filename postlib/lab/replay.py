"""Carrying out acts on an Internet's state: all of an act, or nothing. No socket, no thread."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import dns.exception
import dns.name
import dns.rdatatype

from postlib.acts import Act
from postlib.lab import registry
from postlib.lab.dns.habits import HABITS
from postlib.lab.dns.zone import MADE_BY_SIGNING, Zone, quoted
from postlib.lab.mail.settings import Selector
from postlib.lab.ownership import owned
from postlib.lab.reset import start_again
from postlib.lab.shapes import shaped
from postlib.lab.spelling import meant
from postlib.lab.state import State
from postlib.lab.website import change
from postlib.protocols.dkim import key_record

RdataType = dns.rdatatype.RdataType
LONGEST_NAME = 1024  # characters: 253 octets (RFC 1035, section 2.3.4), each perhaps written as \\DDD
MOST_SELECTORS = 20  # of one domain: every one that signs makes each of its messages longer
SELECTOR = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
WAITS = ("advance", "wait")  # the acts that let time pass, and do nothing else
STAGE = "stage"  # the act that marks a place in a journal
LETTER = "send"


def replay(state: State, acts: Iterable[Act]) -> None:
    """Carry out acts in order. Raises ValueError at the first that cannot be done, and leaves the state as it was before that act."""
    for act in acts:
        apply(state, act)


def apply(state: State, act: Act) -> None:
    """Carry out one act. Raises ValueError, in a sentence, for an act that is unknown, incomplete, impossible or not allowed here;
    the state, and the clock with it, is then as it was."""
    kind, at, settings = shaped(act)
    when = state.clock.now() if at is None else moment(at)
    if kind == LETTER:
        raise ValueError("a letter is sent on an Internet that is up, with internet.send() or internet.do(); here is only its data")
    if kind == STAGE and not settings.get("name"):
        raise ValueError("a stage has a name, for example internet.stage(\"two keys\")")
    if kind in (*WAITS, STAGE):
        state.clock.move(timedelta(seconds=settings.get("seconds", 0)) + (when - state.clock.now()))
        return
    if when != state.clock.now():  # what cannot be done must not let time pass: reports that were mailed on the way cannot be called back
        _perform(state, kind, settings, rehearsal=True)
        state.clock.move(when - state.clock.now())
    _perform(state, kind, settings)


def _perform(state: State, kind: str, settings: dict[str, Any], *, rehearsal: bool = False) -> None:
    with state.lock, state.history.undone(always=rehearsal):
        try:
            state.hold(owned(state, settings))
            ACTS[kind](state, **settings)
        except (TypeError, dns.exception.DNSException) as error:  # a setting is missing, or no DNS data can be made of it
            raise ValueError(f"the act {kind!r} cannot be carried out as written: {error}") from error


def moment(at: str) -> datetime:
    """The time that a journal gives. Raises ValueError for what is none, or lacks its time zone."""
    try:
        when = datetime.fromisoformat(at)
        if when.tzinfo is None:
            raise ValueError("no time zone")
        return when.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{at[:60]!r} is not a time with its time zone") from error


def parse_name(text: str) -> dns.name.Name:
    """An absolute name from its text. Raises ValueError if it is none."""
    if not isinstance(text, str) or len(text) > LONGEST_NAME:
        raise ValueError(f"a name is text of at most {LONGEST_NAME} characters")
    try:
        return dns.name.from_text(text)
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{text!r} is not a domain name: {error}") from error


def _publish(state: State, *, name: str, type: str, values: list[str], ttl: int = 3600, add: bool = False) -> None:
    owner = parse_name(name)
    zone = state.zone_of(owner)
    zone.put(owner, _rrtype(type), values, ttl, add=add)
    _bump(zone)


def _withdraw(state: State, *, name: str, type: str, values: Iterable[str] = ()) -> None:
    owner = parse_name(name)
    zone = state.zone_of(owner)
    zone.take(owner, _rrtype(type), values)
    _bump(zone)


def _sign(state: State, *, zone: str, signed: bool = True, **settings: Any) -> None:
    """Sign a zone afresh, or take its signatures away. The parent's DS stays as it is: that is the registry's."""
    found = _zone(state, zone)
    if signed:
        state.sign(found, **settings)
    else:
        found.signing = None
    _bump(found)


def _registry(state: State, *, domain: str, ns: list[str] | None = None, glue: dict[str, list[str]] | None = None,
              ds: list[str] | str | None = None, digest: int = 2, slip: str = "") -> None:  # fmt: skip
    """Change a delegation. `ds` is a list of texts, "match" (also in the list) for the keys in use, or an empty list to withdraw it."""
    origin = parse_name(domain)
    parent = state.parent_of(origin)
    if ns is not None:
        registry.set_servers(parent, origin, ns)
    for host in glue or {}:
        if not parse_name(host).is_subdomain(origin):
            raise ValueError(f"{host} is not below {domain}: a registry takes addresses only for name servers of the domain's own")
    registry.set_glue(state, parent, {parse_name(host): addresses for host, addresses in (glue or {}).items()})
    if ds is not None:
        registry.set_ds(state, parent, origin, [ds] if isinstance(ds, str) else ds, digest, slip)
    _bump(parent)


def _dkim(state: State, *, domain: str, selector: str, kind: str = "rsa", bits: int = 2048, signs: bool = True,
          revoked: bool = False, removed: bool = False, **tags: Any) -> None:  # fmt: skip
    settings = state.mail.get(domain)
    if settings is None:
        raise ValueError(f"{domain} sends no mail in this lab{meant(domain, state.mail)}")
    if not SELECTOR.fullmatch(selector):
        short, more, _ = selector.partition("._domainkey")
        raise ValueError(f"{selector!r} is not a selector (RFC 6376, section 3.1)" + (f'; write only "{short}"' if more else ""))
    owner = parse_name(f"{selector}._domainkey.{domain}")
    zone = state.zone_of(owner)
    others = tuple(other for other in settings.selectors if other.name != selector)
    made = Selector(selector, kind, bits, signs)
    if (removed or revoked) and len(others) == len(settings.selectors) and zone.get(owner, RdataType.TXT) is None:
        raise ValueError(f"{domain} has no selector {selector!r}; it has: {', '.join(other.name for other in others) or 'none'}")
    if removed:
        zone.take(owner, RdataType.TXT)
    else:
        text = "v=DKIM1; p=" if revoked else key_record(state.dkim_key(domain, made), **tags)
        zone.put(owner, RdataType.TXT, [quoted(text)])
    if len(others) >= MOST_SELECTORS:
        raise ValueError(f"{domain} has {len(others)} selectors already; remove one first")
    state.mail[domain] = replace(settings, selectors=others if removed or revoked else (*others, made))
    _bump(zone)


def _serve(state: State, *, host: str, habit: str = "", drops: Iterable[str] = (), holds: Iterable[str] = (),
           keeps: Iterable[str] = ()) -> None:  # fmt: skip
    """Change a name server: it `drops` zones, `holds` them again as they are, or `keeps` them as they were, deaf to every change."""
    machine = state.machines.get(host)
    if machine is None:
        raise ValueError(f"{host} is no machine of this lab{meant(host, state.machines)}")
    if habit and habit not in HABITS:
        raise ValueError(f"a habit is one of {', '.join(HABITS)}, not {habit!r}")
    for zone in (*drops, *holds, *keeps):
        state.hold(zone)
    state.history.note(partial(machine.shelf.behave, machine.shelf.habit, machine.shelf.changes))
    for zone in drops:
        machine.shelf.drop(parse_name(zone))
    for zone in holds:
        machine.shelf.put(_zone(state, zone))
    for zone in keeps:
        machine.shelf.put(_zone(state, zone).copy())
    machine.shelf.behave(habit, machine.shelf.changes + 1)


def _mail(state: State, *, domain: str, signing: Iterable[str] | None = None, **changes: Any) -> None:
    settings = state.mail.get(domain)
    if settings is None:
        raise ValueError(f"{domain} sends no mail in this lab{meant(domain, state.mail)}")
    if signing is not None:
        settings = settings.signing(signing)
    if changes.get("host", settings.host) not in state.machines:
        raise ValueError(f"{changes['host']} is no machine of this lab{meant(changes['host'], state.machines)}")
    state.mail[domain] = settings.changed(changes)


def _web(state: State, *, host: str, **changes: Any) -> None:
    change(state, host, **changes)


def _load(state: State, *, zone: str, text: str) -> None:
    _zone(state, zone).load(text)


def _reset(state: State, *, domain: str) -> None:
    from postlib.lab.build import build  # which replays acts itself

    origin = parse_name(domain)
    if origin not in state.zones or origin == dns.name.root:
        raise ValueError(f"{domain} is not a domain of this lab{meant(domain, state.mail)}")
    state.first = state.first or build(state.world, state.seed, state.at, guests=state.guests)
    start_again(state, state.first, origin)


def _zone(state: State, origin: str) -> Zone:
    """The zone of that name. Raises ValueError where there is none."""
    found = state.zones.get(parse_name(origin))
    if found is None:
        raise ValueError(f"{origin} is not a zone of this lab{meant(origin, state.mail)}")
    return found


def record_type(text: str) -> RdataType:
    """A record type from its text. Raises ValueError if it is none, or one that only questions have (ANY, AXFR …)."""
    try:
        rrtype = dns.rdatatype.from_text(text)
    except (dns.exception.DNSException, ValueError, AttributeError) as error:
        raise ValueError(f"{text!r} is not a record type") from error
    if dns.rdatatype.is_metatype(rrtype):
        raise ValueError(f"{text} is not a type that records have")
    return rrtype


def _rrtype(text: str) -> RdataType:
    """A record type that may be published by hand. Raises ValueError for others."""
    rrtype = record_type(text)
    if rrtype in MADE_BY_SIGNING:
        raise ValueError(f"{text} records are made by signing the zone, not published by hand")
    return rrtype


def _bump(zone: Zone) -> None:
    """Raise the SOA serial, as any change to a zone does (RFC 1982 arithmetic)."""
    soa = zone.get(zone.origin, RdataType.SOA)
    if soa is not None:
        record = soa[0].replace(serial=(soa[0].serial + 1) % 2**32)
        zone.put(zone.origin, RdataType.SOA, [record.to_text()], soa.ttl)


ACTS: dict[str, Callable[..., None]] = {
    "publish": _publish,
    "withdraw": _withdraw,
    "sign": _sign,
    "registry": _registry,
    "dkim": _dkim,
    "serve": _serve,
    "mail": _mail,
    "web": _web,
    "load": _load,
    "reset": _reset,
}
