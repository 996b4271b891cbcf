"""How to mend a delegation, and whose hand it needs: the registrar's for the parent, the DNS host's for the servers."""

from __future__ import annotations

from postlib import acts
from postlib.finding import Lever, Remedy, remedy
from postlib.probes.delegation.facts import Delegated, Host, texts


def register(cut: Delegated) -> Remedy:
    """Nobody but the registrar can bring a name back."""
    return remedy("delegation.register", Lever.REGISTRAR, domain=cut.domain)


def add_server(cut: Delegated) -> Remedy:
    """A second server; where the zone names more than the parent does, the parent should too."""
    named = {host.name: host.addresses for host in cut.known if host.name in texts(cut.seen.child_ns)} if cut.seen else {}
    enough = len({frozenset(addresses) for addresses in named.values() if addresses}) > 1
    return _name_servers(cut) if enough else remedy("delegation.add-server", Lever.DNS_HOST, domain=cut.domain)


def name_the_same(cut: Delegated) -> Remedy:
    """The parent takes over what the zone says."""
    return _name_servers(cut)


def mend_servers(cut: Delegated) -> Remedy:
    """Mend what the zone itself names; have the parent forget, or correct, what leads to no server of the zone."""
    child = texts(cut.seen.child_ns) if cut.seen else ()
    names = dict.fromkeys(texts(tuple(state.name for state in cut.broken)))
    strays = [name for name in names if child and name not in child]
    misled = [] if not child else [host.name for host in cut.misled if host.name in names and host.name not in strays]
    lame = [name for name in names if name not in strays and name not in misled]
    if not lame and not (strays and misled):
        return correct_glue(cut) if misled else _name_servers(cut)
    todo = [acts.registry(cut.domain, ns=list(child))] if strays else []
    todo += [_glue(cut, misled)] if misled else []
    todo += [acts.serve(name, holds=[cut.domain]) for name in lame]
    return remedy("delegation.mend-servers", Lever.DNS_HOST if lame else Lever.REGISTRAR, *todo, server=", ".join(names))


def open_tcp(cut: Delegated) -> Remedy:
    """Let questions by TCP through to those servers."""
    closed = [address for address, _ in cut.closed]
    names = dict.fromkeys(texts(tuple(state.name for state in cut.answering if state.address in closed)))
    return remedy("delegation.open-tcp", Lever.DNS_HOST, *(acts.serve(name) for name in names), server=", ".join(names))


def copy_again(cut: Delegated) -> Remedy:
    """The servers that are behind fetch the zone again."""
    newest = max(state.serial for state in cut.answering if state.serial is not None)
    behind = dict.fromkeys(texts(tuple(state.name for state in cut.answering if state.serial != newest)))
    todo = [acts.serve(name, holds=[cut.domain]) for name in behind]
    return remedy("delegation.copy-again", Lever.DNS_HOST, *todo, server=", ".join(behind), serial=newest)


def name_by_address(cut: Delegated) -> Remedy:
    """Give an alias addresses of its own; take a name without any out of the list, as long as two others remain."""
    bad = [host for host in cut.known if host.bad]
    todo = [act for host in bad if host.alias and cut.inside(host.name) for act in _own_addresses(cut, host)]
    good = [host.name for host in cut.known if host not in bad]
    if not todo and len(good) > 1:
        todo = [acts.publish(cut.domain, "NS", *(f"{name}." for name in good)), acts.registry(cut.domain, ns=good)]
    return remedy("delegation.name-by-address", Lever.DNS_HOST, *todo, server=", ".join(host.name for host in bad))


def correct_glue(cut: Delegated) -> Remedy:
    """The parent's addresses become those that the zone gives."""
    wrong = [host.name for host in cut.misled]
    return remedy("delegation.correct-glue", Lever.REGISTRAR, _glue(cut, wrong), server=", ".join(wrong))


def add_ipv6(cut: Delegated) -> Remedy:
    """An address that only the network's owner can give."""
    return remedy("delegation.add-ipv6", Lever.DNS_HOST, domain=cut.domain)


def _name_servers(cut: Delegated) -> Remedy:
    names = list(texts(cut.seen.child_ns)) if cut.seen else []
    inside = [host.name for host in cut.known if host.name in names and cut.inside(host.name) and not host.bad]
    act = acts.registry(cut.domain, ns=names) | _glue(cut, inside)
    return remedy("delegation.name-servers", Lever.REGISTRAR, act, domain=cut.domain, server=", ".join(names))


def _glue(cut: Delegated, names: list[str]) -> acts.Act:
    return acts.registry(cut.domain, glue={host.name: list(host.addresses) for host in cut.known if host.name in names})


def _own_addresses(cut: Delegated, host: Host) -> list[acts.Act]:
    """Addresses in place of an alias, in the zone and as glue."""
    plain = [address for address in host.addresses if ":" not in address]
    six = [address for address in host.addresses if ":" in address]
    published = [acts.publish(host.name, rrtype, *values) for rrtype, values in (("A", plain), ("AAAA", six)) if values]
    return [acts.withdraw(host.name, "CNAME"), *published, _glue(cut, [host.name])]
