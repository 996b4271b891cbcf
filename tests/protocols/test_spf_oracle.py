"""Our check_host() against pyspf's, on records, zones, clients and senders that hypothesis makes up, and on our own cases.

Where the two differ, pyspf is asked again with one known difference taken out of the question: only where it then says what we say
is the difference explained. KNOWN names them; tests/oracles.md has the paragraphs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import dns.name
import pytest
import yaml
from conftest import FULL
from hypothesis import HealthCheck, given, settings
from protocols.pyspf import Verdict, judged, zone_file
from protocols.spf_worlds import SHAPES
from protocols.test_spf import CASES, world
from zones import Zones, run

from postlib.protocols.spf import Mechanism, Outcome, Result, check_mail_from

ZONES = Zones({})
EACH = 70 if FULL else 7  # examples of each share of SHAPES
CONTROL = re.compile(r'(?i)"v=spf1 .*\\(?:0[012]\d|03[01]|127)')  # as a zone file writes them
ANY_MACRO = re.compile(r"%\{[^}]*\}?")
MACRO = re.compile(r"(?i)%\{[slodiphcrtv](?:0*[1-9][0-9]*)?r?[-.+,/_=]*\}")
WRONG = '"v=spf1 %{x}"'  # what pyspf calls an error too, in a record and in an explanation
ENOUGH = 10  # times that FULL must meet every result, mechanism and modifier


class Question(NamedTuple):
    """What pyspf is asked."""

    zone: Mapping[str, Any]
    ip: str
    sender: str
    helo: str
    receiver: str = ""
    voids: int = 2
    lookups: int = 10
    joiners: str = "ls"

    def asked(self) -> Verdict:
        """Its answer."""
        return judged(self.zone, *self[1:5], voids=self.voids, lookups=self.lookups, joiners=self.joiners)

    def records(self, change: Callable[[str], str]) -> Question:
        """The same with every TXT record changed."""
        return self._replace(zone={name: _with_texts(host, change) for name, host in self.zone.items()})


def _with_texts(host: Any, change: Callable[[str], str]) -> Any:
    if isinstance(host, str) or isinstance(host.get("TXT", ""), str):
        return host
    return {**host, "TXT": [change(text) for text in host["TXT"]]}


def lower(question: Question, verdict: Verdict) -> Question:
    """ABNF's strings have no case (RFC 5234, section 2.3): neither `R` in a macro nor the name of a modifier."""
    del verdict
    macros = question.records(lambda text: re.sub(r"(%\{[A-Za-z][0-9]*)R", r"\1r", text))
    return macros.records(lambda text: re.sub(r"(?i)(?<= )(redirect|exp)=", lambda name: name[0].lower(), text))


def once(question: Question, verdict: Verdict) -> Question:
    """Only redirect and exp may not come twice (section 6); pyspf wants every modifier once."""
    del verdict
    numbers = iter(range(10**6))
    unknown = re.compile(r"(?i)(?<= )(?!redirect=|exp=)([a-z][a-z0-9_.-]*)=")
    return question.records(lambda text: unknown.sub(lambda name: f"{name[1]}{next(numbers)}=", text))


def uncounted_voids(question: Question, verdict: Verdict) -> Question:
    """A client's own names count no voids (section 4.6.4). pyspf counts them, also for %{p}, and those of all servers of an mx,
    where we stop at the first that matches."""
    counts = re.compile(r"(?i)ptr|mx|%\{p")
    some = any(counts.search(text) for host in question.zone.values() if not isinstance(host, str) for text in host.get("TXT", ()))
    return question._replace(voids=99) if some and "Void lookup" in verdict.why else question


def unfollowed_redirects(question: Question, verdict: Verdict) -> Question:
    """A redirect that is not followed is no lookup (sections 4.6.4 and 6.1); pyspf counts it on reading."""
    return question._replace(lookups=20) if "Too many DNS lookups" in verdict.why else question


def self_included(question: Question, verdict: Verdict) -> Question:
    """An include of the domain itself breaks no grammar (section 5.2): it is an error if it is reached. pyspf refuses it on reading."""
    if "trivial recursion" not in verdict.why:
        return question
    itself = re.compile("|".join(rf"(?<= ){re.escape(term)}(?=[ \"])" for term in verdict.terms))
    return question.records(lambda text: itself.sub("", text))


def unasked(question: Question, verdict: Verdict) -> Question:
    """A DNS error is no match for ptr (section 5.5) and no name for %{p} (7.3), and servers after one that matches are not asked (5.4)."""
    del verdict
    deaf = {
        name: {} if isinstance(host, str) else {t: v for t, v in host.items() if not isinstance(v, str)}
        for name, host in question.zone.items()
    }
    return question._replace(zone=deaf, voids=99)


def postmaster(question: Question, verdict: Verdict) -> Question:
    """A sender without a local-part is postmaster everywhere (section 4.3), in %{s} too; pyspf changes %{l} alone."""
    del verdict
    local_part, _, domain = question.sender.rpartition("@")
    return question._replace(sender=f"postmaster@{domain}") if not local_part and question.sender else question


def joined(question: Question, verdict: Verdict) -> Question:
    """Parts are joined with dots whatever they were split at (section 7.3); pyspf does so for %{l} and %{s} alone."""
    del verdict
    return question._replace(joiners="slodiphcrtv")


def loose_macros(question: Question, verdict: Verdict) -> Question:
    """A macro keeps at least one part and splits at seven characters (sections 7.1 and 7.3); pyspf keeps all for 0, and splits at any."""
    del verdict
    return question.records(lambda text: WRONG if any(not MACRO.fullmatch(macro) for macro in ANY_MACRO.findall(text)) else text)


def unseen(question: Question, verdict: Verdict) -> Question:
    """A record holds visible characters and spaces (section 12); pyspf lets control characters stand in a domain-spec."""
    del verdict
    return question.records(lambda text: WRONG if CONTROL.search(text) else text)


KNOWN = [lower, once, uncounted_voids, unfollowed_redirects, self_included, unasked, postmaster, joined, loose_macros, unseen]


def cut(ours: str, theirs: str) -> bool:
    """Whether an explanation lost its left side there: pyspf takes any expanded text for a name of 253 characters (section 7.3)."""
    return len(ours) > 253 and bool(theirs) and ours.endswith(theirs)


def explained(ours: Outcome, question: Question) -> str:
    """The known differences that, taken out of the question one after another, make pyspf say what we say; "" where none does."""
    used: list[str] = []
    verdict = question.asked()
    while (verdict.result, verdict.explanation) != (ours.result, ours.explanation):
        if len(used) > len(KNOWN):
            return ""
        if cut(ours.explanation, verdict.explanation) and ours.result == verdict.result:
            return " ".join([*used, "cut"])
        for known in KNOWN:
            changed = known(question, verdict)
            if changed != question and (again := changed.asked()) != verdict:
                question, verdict = changed, again
                used.append(known.__name__)
                break
        else:
            return ""
    return " ".join(used) or "none"


def judged_here(question: Question, timeout: float | None = None) -> Outcome:
    """What we say."""
    ZONES.records = {dns.name.from_text(name): host for name, host in question.zone.items()}
    return run(check_mail_from(ZONES.resolver(timeout), question.ip, question.sender, question.helo, receiver=question.receiver))


def seen_in(outcome: Outcome, met: Counter[str]) -> None:
    """Count the result, and the mechanisms and modifiers that were evaluated."""
    met[f"result {outcome.result}"] += 1
    found = {re.split(r"[:/=]", step.term.lstrip("+-~?"))[0].lower() for _, step in outcome.walk()}
    met.update(f"term {name}" for name in found)


def test_pyspf_agrees() -> None:
    """On every shape of world; with FULL=1 each result, mechanism and modifier was met often enough to mean something."""
    met: Counter[str] = Counter()
    for worlds, share in SHAPES.values():

        @settings(max_examples=EACH * share, deadline=None, suppress_health_check=list(HealthCheck))
        @given(worlds())
        def agree(drawn: Any) -> None:
            zone, ip, sender, helo = drawn
            question = Question(zone_file(zone), ip, sender, helo)
            ours = judged_here(question, 2.0)
            why = explained(ours, question)
            seen_in(ours, met)
            met[f"differs by {why}"] += 1
            assert why, (ours.result, ours.reason, ours.value, ours.explanation, "pyspf:", question.asked())

        agree()
    print(*(f"{count:6} {what}" for what, count in sorted(met.items())), sep="\n")
    wanted = [f"result {result}" for result in Result] + [f"term {name}" for name in (*Mechanism, "redirect", "exp")]
    assert not FULL or [what for what in wanted if met[what] < ENOUGH] == []
    assert sum(count for what, count in met.items() if what.startswith("result")) >= (1000 if FULL else 100)


A, B = {"A": ["192.0.2.1"]}, {"A": ["192.0.2.2"]}
DIFFERENT: dict[str, tuple[dict[str, Any], str, str]] = {
    "lower": ({"a.post": {"TXT": ["v=spf1 ?ip4:192.0.2.9 Redirect=b.post"]}, "b.post": {"TXT": ["v=spf1 -all"]}}, "x@a.post", "fail"),
    "once": ({"a.post": {"TXT": ["v=spf1 x=1 x=2 +all"]}}, "x@a.post", "pass"),
    "uncounted_voids": ({"a.post": {"TXT": ["v=spf1 ptr ptr:b.post ptr:c.post -all"]}}, "x@a.post", "fail"),
    "unfollowed_redirects": (
        {"a.post": {**A, "TXT": ["v=spf1" + " ?a:b.post" * 9 + " a redirect=b.post"]}, "b.post": B},
        "x@a.post",
        "pass",
    ),
    "self_included": ({"a.post": {"TXT": ["v=spf1 +all include:a.post"]}}, "x@a.post", "pass"),
    "unasked": ({"a.post": {"TXT": ["v=spf1 ptr -all"]}, "1.2.0.192.in-addr.arpa": "servfail"}, "x@a.post", "fail"),
    "postmaster": ({"a.post": {"TXT": ["v=spf1 -all exp=why.post"]}, "why.post": {"TXT": ["%{s}"]}}, "@a.post", "fail"),
    "joined": ({"a.post": {"TXT": ["v=spf1 -all exp=why.post"]}, "why.post": {"TXT": ["%{h-}"]}}, "x@a.post", "fail"),
    "loose_macros": ({"a.post": {"TXT": ["v=spf1 exists:%{d0} +all"]}}, "x@a.post", "permerror"),
    "unseen": ({"a.post": {"TXT": ["v=spf1 +all redirect=b\t.post"]}}, "x@a.post", "permerror"),
}


@pytest.mark.parametrize("known", KNOWN)
def test_every_known_difference_is_real(known: Callable[..., Question]) -> None:
    """What pyspf no longer does differently is to be struck from the list."""
    zone, sender, result = DIFFERENT[known.__name__]
    question = Question(zone_file(zone), "192.0.2.1", sender, "x-1.a.post")
    ours = judged_here(question, 2.0)
    assert ours.result == result and explained(ours, question) == known.__name__


OURS = {
    "a local-part cannot break into the SMTP reply": "RFC 7208, section 6.2: what is not US-ASCII text is no explanation",
    "an explanation without end is left out": "RFC 7208 gives no length; ours is macro.TEXT_LENGTH",
    "a last dot changes nothing": 'RFC 7208, section 4.3: malformed is a "zero-length label not at the end"',
    "a single label is none": "RFC 7208, section 4.3: not a multi-label domain name",
    "a quoted local-part may hold an at sign": "RFC 5321, section 4.1.2; pyspf cuts at the first",
    "U-labels are asked as A-labels": "RFC 7208, section 4.3",
    "an explanation may end in a percent sign": "RFC 7208, section 7.1: %% is a macro-expand anywhere",
}


@pytest.mark.parametrize(("path", "name"), CASES)
def test_pyspf_agrees_on_our_own_cases(path: Any, name: str) -> None:
    """spf/*.yaml; where pyspf differs for good, OURS says why by case."""
    data = yaml.safe_load(path.read_text())
    case = data["tests"][name]
    sender = case["mail_from"].replace("{{400 times a}}", "a" * 400)
    question = Question(world(data["world"]), case["ip"], sender, case.get("helo", "mta.client.test"), case.get("receiver", ""))
    ours = judged_here(question)
    why = explained(ours, question)
    assert bool(why) is (name not in OURS), (name, ours.result, ours.reason, ours.explanation, question.asked())
