"""The lab dkim-rotation: a short DKIM key has been stolen; a new one must take its place, and no letter in the queue may be lost."""

from __future__ import annotations

from random import Random

from postlib import acts
from postlib.course.seeds import BLOCK, PRACTICE, Case, Told, operator
from postlib.lab.operator import SELECTORS
from postlib.lab.worlds import Entry

OLD_BITS = 1024
LAST_DAY = 14  # after the theft became known
QUEUE = 5  # days that a letter may wait at the operator's server (RFC 5321, section 4.5.4.1, asks for at least 4 to 5)
OLD_SELECTORS = ("k1", "s1", "default", "mail", "dkim", "key1", "sig1", "email")  # usual names: a look from outside finds them
NEW_SELECTORS = ("k2", "k3", "s2", "s2026b")
TOLD = (Told("told-key", ("fact", "what-is-known"), ("stolen", "begin", "queue", "end", "plan")),)


def draw(learner: str, chance: Random) -> Case:
    """The case of one learner."""
    domain, country = operator(learner, chance)
    names = {
        "domain": domain, "old": chance.choice(OLD_SELECTORS), "new": chance.choice(NEW_SELECTORS),
        "bits": str(OLD_BITS), "days": str(QUEUE), "last": str(LAST_DAY),
    }  # fmt: skip
    entries = () if learner == PRACTICE else (Entry(domain, "learner", (), {"country": country, "block": BLOCK}),)
    troubled = (
        *(acts.dkim(domain, selector.name, removed=True) for selector in SELECTORS),
        acts.dkim(domain, names["old"], bits=OLD_BITS),
    )
    return Case(entries, troubled, "dkim-rotation", learner, domain, country, names, TOLD)
