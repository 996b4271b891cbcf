"""The catalogue: everything a probe can say has words, and no id is written twice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from postlib import words
from postlib.finding import Finding, Level, Lever, Status, remedy
from postlib.lab import worlds
from postlib.lab.internet import visit
from postlib.look import check
from postlib.probes import PROBES, checks

PROBE_FILES = sorted((Path(__file__).parent.parent / "postlib" / "probes").rglob("*.py"))
VERDICTS = ("passed", "failed", "not_applicable", "unknown")
NO_EVIDENCE = {"answer", "advice"}
IDS = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
LONGEST = 25  # words in a sentence


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a file, with the last part of the name that is called."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield (node.func.id if isinstance(node.func, ast.Name) else node.func.attr), node


def probe_of(path: Path) -> str:
    """The probe that a file belongs to: its own name, or that of its folder."""
    named = path.parent.name if path.parent.name != "probes" else path.stem
    return named.replace("_", "-")


def evidence_names() -> set[tuple[str, str]]:
    """(probe, name) of every piece of evidence that a verdict is given by name."""
    found = set()
    for path in PROBE_FILES:
        for name, call in calls(path):
            if name in VERDICTS:
                given = {word.arg for word in call.keywords if word.arg}
                found |= {(probe_of(path), name.replace("_", "-")) for name in given - NO_EVIDENCE}
    return found


def ids_in_source() -> set[str]:
    """Every constant in a probe that looks like an id of this probe, but for the profile's numbers and lists and the checks themselves."""
    probes = {probe.name for probe in PROBES}
    texts, profiled = set(), set(checks())
    for path in PROBE_FILES:
        constants = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        texts |= {text for text in constants if isinstance(text, str) and IDS.fullmatch(text) and text.partition(".")[0] in probes}
        profiled |= {
            call.args[0].value for name, call in calls(path)
            if name in ("number", "words") and call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
        }  # fmt: skip
    return texts - profiled


def test_every_piece_of_evidence_has_a_label() -> None:
    names = evidence_names()
    missing = []
    for probe, name in sorted(names):
        try:
            words.label(name, f"{probe}.")
        except KeyError:
            missing.append(f"{probe}: {name}")
    assert names and not missing


def test_every_remedy_and_advice_has_a_sentence() -> None:
    shared = words.chosen().shared
    assert ids_in_source() - shared["remedies"].keys() - shared["advice"].keys() == set()


@pytest.mark.parametrize("name", ["spf-absent", *(pytest.param(n, marks=pytest.mark.full) for n in worlds.faults() if n != "spf-absent")])
def test_whatever_a_fault_causes_can_be_said(name: str) -> None:
    with visit("union", at=datetime(2026, 11, 23, tzinfo=UTC)) as internet:
        for act in worlds.faults()[name].on("valdoria.post"):
            internet.do(act)
        report = check("valdoria.post", internet)
    for finding in report:
        say(finding)


def say(finding: Finding) -> None:
    """Raises KeyError where words are missing."""
    for name, _ in finding.verdict.evidence:
        assert words.label(name, finding.check)
    if finding.remedy is not None:
        assert words.sentence(finding.remedy)
    if finding.verdict.advice:
        assert words.advice(finding.verdict.advice)


def test_statuses_levels_and_levers_have_words() -> None:
    assert [words.status(status) for status in Status] == ["passed", "failed", "not applicable", "unknown"]
    assert words.status("advised-fail") == "failed (advised)"
    for lever in Lever:
        assert words.spoken("lever", lever.value) != lever.value
    for level in Level:
        assert words.phrase(f"level.{level.value}")


@pytest.mark.parametrize("reason", ["timeout", "refused", "servfail", "bogus", "closed", "no-route", "unreachable", "malformed"])
def test_every_reason_of_the_network_has_plain_words(reason: str) -> None:
    assert words.word(reason) != reason


def test_status_words_are_never_the_bare_ones() -> None:
    """DESIGN.md: never a bare fail, none, pass, policy, record, sender."""
    told = words.chosen()
    said = {*told.shared["statuses"].values(), *told.words["general"].values(), *told.names["general"].values()}
    assert not said & {"fail", "none", "pass", "policy", "record", "sender"}


def test_every_sentence_is_short() -> None:
    told = words.chosen()
    texts = [text for part in (*told.shared.values(), *told.names.values(), *told.words.values()) for text in part.values()]
    assert [part for text in texts for part in re.split(r"[.:;?]\s|\n", text) if len(part.split()) >= LONGEST] == []


@pytest.mark.parametrize(("count", "said"), [(0, "0 checks"), (1, "1 check"), (2, "2 checks"), ("1", "1 check"), ("1.5", "1.5 checks")])
def test_one_thing_is_not_counted_as_several(count: int | str, said: str) -> None:
    assert words.counted("checks", count) == said


def test_evidence_that_is_a_number_is_said_in_words() -> None:
    assert words.amount("days-since-end", "1") == "ended 1 day ago" and words.amount("days-left", "3.5") == "ends in 3.5 days"
    assert words.amount("record", "1") == ""


def test_a_template_has_words_where_its_values_will_stand() -> None:
    assert words.template("spf.nobody-sends") == "<name> sends no mail. At <name>, publish this SPF record as TXT: <record>"


def test_a_sentence_is_filled_with_the_remedys_values() -> None:
    mend = remedy("spf.publish-record", Lever.DNS_HOST, name="auroria.post", record="v=spf1 {x} -all")
    assert "At auroria.post, " in words.sentence(mend) and "v=spf1 {x} -all" in words.sentence(mend)
    assert [text for text, value in words.parts(mend) if value][-1] == "v=spf1 {x} -all"


def test_what_is_missing_is_a_key_error() -> None:
    with pytest.raises(KeyError, match=r"spf\.nothing"):
        words.sentence(remedy("spf.nothing", Lever.CDN))
    with pytest.raises(KeyError, match="needs 'name'"):
        words.sentence(remedy("spf.publish-record", Lever.CDN))
    with pytest.raises(KeyError, match="no label"):
        words.label("nothing-of-the-kind", "spf.syntax")
    with pytest.raises(KeyError, match="advice"):
        words.advice("spf.nothing")


def test_a_word_in_brackets_is_said_too_and_a_value_stays() -> None:
    assert words.word("a.example (no-record)", "spf.includes-work") == "a.example (no SPF record)"
    assert words.word("v=spf1 -all", "spf.one-record") == "v=spf1 -all"


def test_a_probes_own_word_comes_before_the_general_one() -> None:
    made = words.merged("xx", {"general": "names: {a: general}", "spf": "names: {a: of spf}", "caa": "names: {b: of caa}"})
    assert [made.scoped(made.names, "a", check) for check in ("spf.x", "caa.x", "")] == ["of spf", "general", "general"]
    assert made.scoped(made.names, "b", "spf.x") == "of caa"


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"a": "remedies: {a.x: one}", "b": "remedies: {a.x: two}"}, "another file"),
        ({"a": "names: {x: one, x: two}"}, "twice"),
        ({"a": "nouns: {x: one}"}, "no section"),
        ({"a": "names: {off: one}"}, "in quotes"),
        ({"a": "names: {x: 3}"}, "in quotes"),
        ({"a": "names: [unclosed"}, "cannot be read"),
    ],
)
def test_a_wrong_catalogue_is_refused(files: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        words.merged("xx", files)


def test_a_language_is_a_folder() -> None:
    assert words.languages() == ("en",)
    with pytest.raises(ValueError, match="the languages are: en"):
        words.speak("xx")
    words.speak("en")
