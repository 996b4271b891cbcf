"""Operators by number, for a world of any size: who they are, where they are at home, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from postlib.lab.drawn import BEGINNINGS, ENDINGS, MIDDLES

MOST = 100_000  # a laptop's memory holds their delegations (some 3 kB each); a national postal market has some hundreds
SOME_FAULTS = (0, 0, 1, 1, 2, 3)  # how many a domain has: none for a third of them


def generated(plan: Mapping[str, Any], count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The domain of each number below `count`, and what an entry says of it. Number 17 is the same in every world that has it."""
    return (operator(plan, number) for number in range(count))


def operator(plan: Mapping[str, Any], number: int) -> tuple[str, dict[str, Any]]:
    """The domain of one number, and what an entry says of it."""
    chance = Random(f"generated/{number}")
    country = f"{chance.choice(BEGINNINGS)}{chance.choice(MIDDLES)}{chance.choice(ENDINGS)} {number}"
    provider, relay = chance.sample(plan["providers"], 2)
    state, denial = chance.randrange(100), chance.choice(("nsec", "nsec3"))
    if state < plan["bogus"]:
        faults = [chance.choice(plan["bogus_faults"])]
    else:
        faults = _faults(plan, chance, unsigned=state < plan["bogus"] + plan["unsigned"])
    told = {"kind": "generated", "country": country, "provider": provider, "relay": relay, "denial": denial, "faults": faults}
    return f"{country.lower().replace(' ', '-')}.post", told


def _faults(plan: Mapping[str, Any], chance: Random, *, unsigned: bool) -> list[str]:
    """Faults of different groups, in the order of the groups; that of an unsigned zone comes last."""
    groups = sorted(chance.sample(range(len(plan["faults"])), chance.choice(SOME_FAULTS)))
    return [chance.choice(plan["faults"][group]) for group in groups] + ["not-signed"] * unsigned


def details(domain: str, relay: str, address: str, serial: str) -> dict[str, str]:
    """What a domain's records say that others' do not: lifetimes, preference, SPF, DMARC, addresses for reports.

    `relay` is a second company that may send for it, `address` that of a machine that may; `serial` is the zone's.
    """
    chance = Random(f"details/{domain}")
    desk, policy = chance.choice(("security", "postmaster", "dmarc", "it", "reports")), chance.choice(("reject", "quarantine"))
    others = chance.sample([f"ip4:{address}", f"include:_spf.{relay}"], chance.choice((0, 1, 2, 2)))
    extra = chance.choice(("", "", " adkim=s;", f" sp={policy};", " fo=1;", " aspf=s; adkim=s;"))
    return {
        "refresh": str(chance.choice((3600, 7200, 14_400, 28_800))),
        "negative": str(chance.choice((300, 600, 900, 1800, 3600))),
        "preference": str(chance.choice((0, 5, 10, 20, 50))),
        "spf": f"v=spf1 {' '.join(['mx', *others])} {chance.choice(('-all', '~all'))}",
        "token": f"postal-panel-verification={chance.getrandbits(64):016x}",
        "desk": desk,
        "dmarc": f"v=DMARC1; p={policy};{extra} rua=mailto:{desk}@{domain}",
        "policy": f"{serial}T{chance.randrange(240_000):06d}",
    }
