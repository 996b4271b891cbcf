"""Which selectors a domain has: DKIM gives no list, so some can be guessed, and sometimes it is certain that there are none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from postlib.network import Network, Unreachable
from postlib.protocols.dkim.key import KeyRecord, is_key, key_name, parse_key
from postlib.resolver import Resolver
from postlib.resolver.answer import Answer, Security

# Names that providers' and mail servers' own set-up pages give, as of 2026: Microsoft 365 (selector1, selector2), Google (google,
# 20230601), Fastmail (fm1 to fm3), Proton (protonmail to protonmail3), Mailchimp and Mandrill (k1 to k3, mandrill), SendGrid and many
# others (s1, s2), Zoho (zoho), OpenDKIM's, Exim's and cPanel's examples (default, mail, dkim, email); the last two are this lab's.
WELL_KNOWN: tuple[str, ...] = (
    *("default", "selector1", "selector2", "google", "20230601", "k1", "k2", "k3", "s1", "s2", "mail", "dkim", "email"),
    *("fm1", "fm2", "fm3", "protonmail", "protonmail2", "protonmail3", "mandrill", "zoho", "key1", "sig1", "x", "s2026a", "s2026b"),
)
NOBODYS = "no-such-selector-4f1c9a"  # what answers here is a wildcard


@dataclass(frozen=True)
class SelectorKey:
    """A selector that has a key record. `target` is where its CNAMEs lead, empty without; `others` counts further key records."""

    selector: str
    record: KeyRecord
    target: str = ""
    others: int = 0
    security: Security = Security.INDETERMINATE


@dataclass(frozen=True)
class Selectors:
    """What guessing found.

    `state`: "found"; "absent", there is no selector at all, for nothing exists at or below _domainkey (RFC 8020); "not-found", none
    of those tried has a key, which says nothing about others. `wildcard` is the key record that any selector gets, if there is one.
    `unreachable` are the selectors that could not be asked for, each with reason and where.
    """

    domain: str
    state: Literal["found", "absent", "not-found"]
    keys: tuple[SelectorKey, ...] = ()
    wildcard: KeyRecord | None = None
    unreachable: tuple[tuple[str, str, str], ...] = ()


async def selectors(net: Network | Resolver, domain: str, candidates: Iterable[str] = WELL_KNOWN) -> Selectors:
    """Look for the domain's selectors among the candidates, unless it is certain that there are none.

    Raises Unreachable where _domainkey or the wildcard could not be asked for, and Malformed for what is no domain or selector.
    """
    resolver = Resolver.of(net)
    names = {selector: key_name(selector, domain) for selector in dict.fromkeys((NOBODYS, *candidates))}
    parent = await resolver.lookup(names[NOBODYS].parent(), "TXT")
    if not parent.exists and not parent.aliases:  # under an alias the code speaks of the alias's target
        return Selectors(domain, "absent")
    outcomes = await asyncio.gather(*(resolver.lookup(name, "TXT") for name in names.values()), return_exceptions=True)
    answers: dict[str, Answer] = {}
    silent: list[tuple[str, str, str]] = []
    for selector, outcome in zip(names, outcomes, strict=True):
        if isinstance(outcome, Answer):
            answers[selector] = outcome
        elif isinstance(outcome, Unreachable) and selector != NOBODYS:
            silent.append((selector, outcome.reason, outcome.where))
        else:  # without the wildcard's answer no other can be told from it
            raise outcome
    return _found(domain, answers, tuple(silent))


def _found(domain: str, answers: dict[str, Answer], silent: tuple[tuple[str, str, str], ...]) -> Selectors:
    """The keys among the answers, without those that a wildcard gives to every selector."""
    everywhere = frozenset(answers.pop(NOBODYS).texts)
    keys = tuple(key for key in (_key(selector, answer, everywhere) for selector, answer in answers.items()) if key is not None)
    wildcard = next((parse_key(text) for text in sorted(everywhere) if is_key(text)), None)
    return Selectors(domain, "found" if keys else "not-found", keys, wildcard, silent)


def _key(selector: str, answer: Answer, everywhere: frozenset[bytes]) -> SelectorKey | None:
    texts = [text for text in answer.texts if is_key(text) and text not in everywhere]
    if not texts:
        return None
    target = answer.canonical.to_text(omit_final_dot=True) if answer.aliases else ""
    return SelectorKey(selector, parse_key(texts[0]), target, len(texts) - 1, answer.security)
