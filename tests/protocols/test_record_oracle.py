"""checkdmarc reads the DMARC, TLS-RPT and MTA-STS records that we read: the same values, or a difference that the standard settles.

DIFFERENCES names those; a fault that only one side sees must be one of them.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import FULL
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postlib.protocols import mta_sts, tls_rpt
from postlib.protocols.dmarc.record import DmarcSyntaxError, Record, parse
from postlib.protocols.malformed import Malformed

pytestmark = pytest.mark.skipif(importlib.util.find_spec("checkdmarc") is None, reason="checkdmarc is not installed (group second-opinion)")
CHILD = Path(__file__).with_name("checkdmarc_child.py")
DMARC, OTHERS = (1200, 350) if FULL else (120, 40)
LIMIT = 200  # seconds

# Where checkdmarc refuses the whole record and we read what is sound in it: RFC 9989, section 4.8, discards what is wrong in favour
# of the default. By its exception, with our words for the same fault.
REFUSALS = {
    "DMARCSyntaxError": {"not-a-tag", "empty-tag", "empty-value", "bad-character", "duplicate-tag"},
    "InvalidDMARCTag": {"duplicate-tag"},
    "InvalidDMARCTagValue": {"bad-value", "empty-value"},
    "InvalidDMARCReportURI": {"bad-uri", "empty-uri", "uri-without-scheme", "empty-value"},
}
DIFFERENCES = {  # what one side calls a fault and the other reads, and why
    "leading-blank": "RFC 9989, section 4.8: the version comes first; checkdmarc drops such a record before it parses one, as we do",
    "fo-without-ruf": "RFC 9989, section 4.7, tag fo: ignored without ruf",
    "bad-uri": "RFC 9989, section 4.8, and RFC 3986: the URI is not one; checkdmarc finds an address within",
}


def judged(questions: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """checkdmarc's answer to each (kind, record). Fails the test if it tried to leave the machine."""
    asked = "".join(json.dumps(question) + "\n" for question in questions)
    ran = subprocess.run([sys.executable, "-P", str(CHILD)], input=asked, capture_output=True, text=True, timeout=LIMIT, check=True)
    *answers, last = (json.loads(line) for line in ran.stdout.splitlines())
    assert last["refused"] == [] and len(answers) == len(questions), ran.stderr[-500:]
    return answers


def drawn(strategy: st.SearchStrategy[str], count: int) -> list[str]:
    """That many different records."""
    found: dict[str, None] = {}

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(record: str) -> None:
        found[record] = None

    collect()
    return list(found)


def rarely(odd: st.SearchStrategy[str], usual: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """`odd` now and then."""
    return st.integers(0, 14).flatmap(lambda n: odd if n == 7 else usual)


uris = rarely(
    st.sampled_from(
        ["dmarc@auroria.post", "mailto:", "mailto:a b@auroria.post", "", "mailto:@x.post", "mailto:a@", "https://[::1", "mailto:a@x.post!"]
    ),
    st.sampled_from(
        [
            "mailto:dmarc@auroria.post",
            "MAILTO:D+x@Auroria.post",
            "mailto:a@b.example!10m",
            "https://reports.example/in?x=1",
            "mailto:ana.lee@x.example",
        ]
    ),
)
lists = st.lists(st.tuples(uris, st.sampled_from(["", "", " "])), min_size=1, max_size=3).map(
    lambda items: ",".join(s + u + s for u, s in items)
)
VALUES = {
    **dict.fromkeys(
        ("p", "sp", "np"),
        rarely(st.sampled_from(["rejct", "", "none quarantine"]), st.sampled_from(["none", "quarantine", "Reject", "reject"])),
    ),
    **dict.fromkeys(("adkim", "aspf"), rarely(st.sampled_from(["q", "relaxed"]), st.sampled_from(["r", "s", "S"]))),
    "psd": rarely(st.just("maybe"), st.sampled_from(["y", "n", "u"])),
    "t": rarely(st.just("yes"), st.sampled_from(["y", "n", "Y"])),
    "fo": rarely(st.sampled_from(["0:1", "d:d", "x", "0:", "1::d"]), st.sampled_from(["0", "1", "1:d:s", "d:s", "D"])),
    "rua": lists,
    "ruf": lists,
    **dict.fromkeys(("pct", "rf", "ri"), st.sampled_from(["100", "afrf", "86400"])),
    "x": rarely(st.just("ä"), st.sampled_from(["1", "a=b", "with blanks inside", "!"])),
}
equals = st.sampled_from(["=", "=", "=", " = ", "= ", "\t="])
tags = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.builds("{}{}{}".format, st.sampled_from([name, name, name.upper()]), equals, VALUES[name])
)
semicolons = rarely(st.sampled_from([";;", " ", ","]), st.sampled_from([";", "; ", " ; ", ";\t"]))
versions = rarely(
    st.sampled_from(["v=dmarc1", "v=DMARC2", " v=DMARC1", "v=DMARC1x", "v:DMARC1"]),
    st.sampled_from(["v=DMARC1", "V = DMARC1", "v=DMARC1 "]),
)
pieces = st.lists(
    st.tuples(semicolons, rarely(st.sampled_from(["nonsense", "=x", "v=DMARC1", ""]), tags)), max_size=6, unique_by=lambda pair: pair[1][:2]
)
dmarc_records = st.builds(
    lambda v, found, end: v + "".join(s + t for s, t in found) + end, versions, pieces, st.sampled_from(["", ";", " ; "])
)


def here(record: Record) -> dict[str, Any]:
    """The values of a record of ours, defaults filled in."""
    p = record.p or "none"
    sp = record.sp or p
    return {"p": p, "sp": sp, "np": record.np or sp, "psd": record.psd, "t": record.t, "adkim": record.adkim, "aspf": record.aspf} | {
        "fo": ":".join(record.fo),
        **{name: [(uri.scheme, (uri.address or uri.text).lower(), uri.size) for uri in getattr(record, name)] for name in ("rua", "ruf")},
    }


def there(found: dict[str, Any]) -> dict[str, Any]:
    """checkdmarc's."""
    values = {name: tag["value"] for name, tag in found["tags"].items()}
    plain = {name: values[name] for name in ("p", "sp", "np", "psd", "t", "adkim", "aspf", "fo")}
    return plain | {
        name: [(uri["scheme"], uri["address"].lower(), uri["size_limit"] or "") for uri in values.get(name, [])] for name in ("rua", "ruf")
    }


def difference(text: str, answer: dict[str, Any]) -> str:
    """ "alike", "both refuse", or the named difference; "?" and what it is where there is no name for it."""
    refused = answer.get("error", "").partition(":")[0]
    try:
        record = parse(text)
    except DmarcSyntaxError:
        return "both refuse" if refused else "differs by leading-blank" if text[0] in " \t" else "? only we refuse"
    faults = {fault.word for fault in record.faults}
    if refused:
        known = faults & REFUSALS.get(refused, set())
        return f"refused there: {sorted(known)[0]}" if known else f"? {answer['error']} {faults}"
    if here(record) == there(answer):
        return "alike"
    apart = {name for name, value in here(record).items() if there(answer)[name] != value}
    named = {fault.tag: fault.word for fault in record.faults if fault.word in DIFFERENCES}
    return f"differs by {' '.join(sorted({named[tag] for tag in apart}))}" if apart <= set(named) else f"? {apart}"


def test_dmarc_records_are_read_alike() -> None:
    """RFC 9989, sections 4.7 and 4.8; with FULL=1 more than a thousand records."""
    records = drawn(dmarc_records, DMARC)
    met: Counter[str] = Counter()
    unnamed: dict[str, tuple[str, dict[str, Any]]] = {}
    for text, answer in zip(records, judged([("dmarc", text) for text in records]), strict=True):
        outcome = difference(text, answer)
        met[outcome] += 1
        if outcome.startswith("?"):
            unnamed[outcome] = (text, answer)
    assert unnamed == {}
    print(*(f"{count:6} {what}" for what, count in met.most_common()), sep="\n")
    assert len(records) >= (1000 if FULL else 60) and met["alike"] > len(records) // 5


extensions = st.sampled_from(["x=1", "a.b-c=d", "x=y/z"])
spaces = st.sampled_from(["", " "])
tls_rua = rarely(
    st.sampled_from(["", "tls@auroria.post", "mailto:auroria.post", "https:///x"]),
    st.sampled_from(["mailto:tls@auroria.post", "https://reports.example/v1", "mailto:tls@auroria.post,https://reports.example/v1"]),
)
tls_fields = st.lists(rarely(st.sampled_from(["nonsense", "", "=x", "-x=1"]), tls_rua.map("rua={}".format) | extensions), max_size=3)
ids = rarely(st.sampled_from(["2026-11-23", "", "1" * 33, "a b"]), st.sampled_from(["20261123", "a1", "1" * 32]))
sts_fields = st.lists(rarely(st.sampled_from(["nonsense", "", "=x"]), ids.map("id={}".format) | extensions), max_size=3)


def published(version: str, fields: st.SearchStrategy[list[str]]) -> st.SearchStrategy[str]:
    """Records of that version."""
    versions = rarely(st.sampled_from([version.lower(), version + "x", " " + version]), st.just(version))
    return st.builds(
        lambda v, found, space, end: f"{v};{space}" + f"{space};{space}".join(found) + end,
        versions,
        fields,
        spaces,
        st.sampled_from(["", ";"]),
    )


def same(kind: str, text: str, answer: dict[str, Any]) -> bool:
    """Whether we and checkdmarc read the same of a TLS-RPT or MTA-STS record, or both refuse it."""
    try:
        if kind == "mta-sts":
            identity = mta_sts.parse_record(text.encode()).id
            return "tags" in answer and bool(identity == answer["tags"]["id"])
        record = tls_rpt.parse_record(text.encode())
        return "tags" in answer and sorted(record.rua + record.unusable) == sorted(answer["tags"]["rua"]["value"])
    except Malformed:
        return "error" in answer


@pytest.mark.parametrize(
    ("kind", "records"), [("tls-rpt", published("v=TLSRPTv1", tls_fields)), ("mta-sts", published("v=STSv1", sts_fields))]
)
def test_tls_rpt_and_mta_sts_records_are_read_alike(kind: str, records: st.SearchStrategy[str]) -> None:
    """RFC 8460, section 3, and RFC 8461, section 3.1."""
    found = drawn(records, OTHERS)
    wrong = [
        (text, answer) for text, answer in zip(found, judged([(kind, text) for text in found]), strict=True) if not same(kind, text, answer)
    ]
    assert wrong == [], (len(wrong), min(wrong, key=lambda pair: len(pair[0])))
