"""The lab spf-repair: an SPF record over its limits, with a void, a forgotten firm, a firm that went, and a range that is too wide."""

from __future__ import annotations

from random import Random

from postlib import acts
from postlib.course.seeds import BLOCK, COMMON, PRACTICE, Case, Told, operator
from postlib.lab.addresses import Block
from postlib.lab.dns.zone import quoted
from postlib.lab.senders import FIRST, MACHINES, POOLS
from postlib.lab.worlds import Entry

FIRMS, PLATFORM, RENTED = 28, 31, 32  # blocks of the address plan: three firms, a platform, a company that rents machines out
COMMON_BLOCK = 2
NAMES = ("payslip", "surveyhouse", "lettershop", "ticketdesk", "newsflash", "jobdesk", "taxforms", "stampnews")
PLATFORMS = ("noticeworks", "mailhub", "bulkriver")
RENTERS = ("counterhost", "rackyard", "smallcloud")
TOLD = (Told("told-senders", ("service", "machine", "address", "notes"),
             ("staff", "shop", "scans", "notices", "printed", "reminders", "newsletter")),)  # fmt: skip
GONE = ("oldmail", "legacy-mx", "smtp-old", "gateway1")


def draw(learner: str, chance: Random) -> Case:
    """The case of one learner."""
    domain, country = operator(learner, chance)
    listed, forgotten, ended = (f"{name}.example" for name in chance.sample(NAMES, 3))
    platform, renter = f"{chance.choice(PLATFORMS)}.example", f"{chance.choice(RENTERS)}.example"
    pool, machine = chance.randint(1, POOLS), chance.randint(1, MACHINES)
    names = {
        "domain": domain, "listed": listed, "forgotten": forgotten, "ended": ended, "platform": platform, "renter": renter,
        "pool": f"_spf{pool}.{platform}", "sends-notices": f"pool{pool}.{platform}", "sends-scans": f"rented{machine}.{renter}",
        "rented": Block(RENTED).host(FIRST + machine - 1)[0], "range": Block(RENTED).ranges[0], "gone": f"{chance.choice(GONE)}.{domain}",
        "notices-now": Block(PLATFORM).host(FIRST + pool - 1)[0], "listed-now": Block(FIRMS).host(FIRST)[0],
        "forgotten-now": Block(FIRMS + 1).host(FIRST)[0], "mx1": own(domain, "mx1"), "www": own(domain, "www"),
    }  # fmt: skip
    kinds = [(listed, "firm", FIRMS), (forgotten, "firm", FIRMS + 1), (ended, "firm", FIRMS + 2),
             (platform, "platform", PLATFORM), (renter, "rented", RENTED)]  # fmt: skip
    entries = [Entry(name, kind, (), {"country": name.partition(".")[0].title(), "block": block}) for name, kind, block in kinds]
    if learner != PRACTICE:
        entries.append(Entry(domain, "learner", (), {"country": country, "block": BLOCK}))
    troubled = (acts.publish(domain, "TXT", quoted(broken(names, chance))),)
    return Case(tuple(entries), troubled, "spf-repair", learner, domain, country, names, TOLD)


def broken(names: dict[str, str], chance: Random) -> str:
    """The record as it stands: 12 lookups, and the limit is passed before the operator's own machines are reached."""
    early = [f"ip4:{names['range']}", f"a:{names['gone']}"]
    chance.shuffle(early)
    dear = [f"include:_spf.{names['platform']}", f"include:_spf.{names['listed']}"]
    return " ".join(["v=spf1", f"include:_spf.{names['ended']}", *early, *dear, "mx", "a", "~all"])


def own(domain: str, label: str) -> str:
    """The IPv4 address of one of the operator's own machines, mx1 or www."""
    block = COMMON_BLOCK if domain == COMMON[0] else BLOCK
    return Block(block).host({"mx1": 3, "www": 4}[label])[0]
