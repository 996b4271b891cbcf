"""Acts come from learners and are replayed by graders: whatever they hold is carried out or is a ValueError, soon, and changes nothing."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dns.name
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postlib import acts
from postlib.lab.build import build
from postlib.lab.internet import visit
from postlib.lab.journal import LONGEST_JOURNAL
from postlib.lab.replay import apply
from postlib.lab.shapes import SHAPES
from postlib.lab.state import State

AT = datetime(2026, 11, 23, tzinfo=UTC)
ME = "auroria.post"
HOSTILE: dict[str, Any] = {
    "no act": {},
    "act of another type": {"act": ["publish"]},
    "negative ttl": acts.publish(ME, "TXT", "x", ttl=-1),
    "huge ttl": acts.publish(ME, "TXT", "x", ttl=10**12),
    "ttl as text": acts.publish(ME, "TXT", "x") | {"ttl": "3600"},
    "ttl as truth": acts.publish(ME, "TXT", "x") | {"ttl": True},
    "a million values": acts.publish(ME, "TXT", *["x"] * 10**6),
    "values that fit no message": acts.publish(ME, "TXT", *(f"{n} " + "x" * 200 for n in range(900))),
    "values as one text": acts.publish(ME, "TXT") | {"values": "192.0.2.1"},
    "no values": acts.publish(ME, "TXT"),
    "a lone surrogate": acts.publish(ME, "TXT", "\ud800"),
    "two records in one value": acts.publish(ME, "A", "192.0.2.1\n192.0.2.2"),
    "300 labels": acts.publish(".".join(["a"] * 300) + f".{ME}", "TXT", "x"),
    "a name of a megabyte": acts.publish("a." * 500_000 + ME, "TXT", "x"),
    "an empty label": acts.publish(f"a..{ME}", "TXT", "x"),
    "a type that only questions have": acts.publish(ME, "ANY", "x"),
    "an unknown setting": acts.publish(ME, "TXT", "x") | {"state": 1},
    "a time that is long ago": acts.publish(ME, "TXT", "x") | {"at": "2001-01-01T00:00:00+00:00"},
    "a time without a zone": acts.publish(ME, "TXT", "x") | {"at": "2026-12-01T00:00:00"},
    "the end of time": acts.publish(ME, "TXT", "x") | {"at": "9999-12-31T23:59:59+00:00"},
    "the beginning of time": acts.publish(ME, "TXT", "x") | {"at": "0001-01-01T00:00:00+23:59"},
    "time passes and then it fails": acts.withdraw(f"nothing.{ME}", "TXT") | {"at": "2026-12-24T00:00:00+00:00"},
    "the root": acts.publish(".", "TXT", "x"),
    "a top-level domain": acts.sign("post", denial="nsec"),
    "the delegation of a top-level domain": acts.registry("post", ns=[]),
    "a name nobody has": acts.publish("nobody.post", "TXT", "x"),
    "the root's name server": acts.serve("ns.root.test", habit="silent"),
    "an address nobody has": acts.publish("200.2.0.192.in-addr.arpa", "PTR", "x.post."),
    "a billion iterations": acts.sign(ME, denial="nsec3", iterations=10**9),
    "a long salt": acts.sign(ME, denial="nsec3", salt="00" * 256),
    "no salt at all": acts.sign(ME, denial="nsec3", salt="xyz"),
    "signatures until the end of time": acts.sign(ME, end=1e300),
    "signatures from nowhere": acts.sign(ME, start=float("nan")),
    "other people's keys": acts.sign(ME, keys=[]),
    "another zone's signing": acts.sign(ME, origin="post"),
    "an algorithm that does not exist": acts.sign(ME, algorithm=200),
    "a key of a million bits": acts.sign(ME, algorithm=8, bits=10**6),
    "half of a registry's form": acts.registry(ME, ns=["ns1.harbour.example"], glue={f"ns1.{ME}": ["no address"]}),
    "the other half": acts.registry(ME, ns=["ns1.harbour.example"], ds=["nonsense"]),
    "a digest that does not exist": acts.registry("valdoria.post", ds="match", digest=77),
    "glue as a list": acts.registry(ME, glue=[1]),
    "half of a server's changes": acts.serve(f"ns1.{ME}", drops=[ME, "nowhere.test"]),
    "a habit of another type": acts.serve(f"ns1.{ME}", habit=["silent"]),
    "a domain for a mail host": acts.mail(ME, host="nowhere.test"),
    "keys that are none": acts.mail(ME, selectors=[{"name": "x"}]),
    "a certificate that is none": acts.mail(ME, certificate="best"),
    "a domain that becomes another": acts.mail(ME) | {"domain": ME, "state": {}},
    "a member that is no address": acts.mail(ME, receiver="list", members=["nobody"]),
    "a million members": acts.mail(ME, members=["a@b.test"] * 10**6),
    "a page of another type": acts.web(ME, pages={"/": 5}),
    "headers of another type": acts.web(ME, pages={"/": {"headers": [1]}}),
    "a header that ends the head": acts.web(ME, pages={"/": {"headers": {"X": "a\r\n\r\nb"}}}),
    "a status of another type": acts.web(ME, pages={"/": {"status": "200"}}),
    "other hosts": acts.web(ME, hosts=["valdoria.post"]),
    "a selector that is none": acts.dkim(ME, "a b"),
    "a key that nobody makes": acts.dkim(ME, "new", bits=1),
    "a flag that brings a key of its own": acts.dkim(ME, "new", flags=["y; p=AAAA"]),
    "a flag that ends the text": acts.dkim(ME, "new", flags=['y"']),
    "hashes as text": acts.dkim(ME, "new", hashes="sha1"),
    "a million services": acts.dkim(ME, "new", services=["email"] * 10**6),
    "a zone file without a SOA": acts.load(ME, "@ A 192.0.2.1"),
    "a zone file that multiplies": acts.load(ME, "@ SOA a. b. 1 1 1 1 1\n@ NS a.\n$GENERATE 1-100000000 h$ A 192.0.2.1\n"),
    "a zone file that reads files": acts.load(ME, "@ SOA a. b. 1 1 1 1 1\n@ NS a.\n$INCLUDE /etc/passwd\n"),
    "a CNAME beside others": acts.load(ME, "@ 60 SOA a. b. 1 1 1 1 1\n@ 60 NS a.\nw 60 CNAME a.\nw 60 A 192.0.2.1\n"),
    "a billion days": acts.advance(86_400 * 10**9),
    "no number of seconds": acts.advance(float("inf")),
    "backwards": acts.advance(-1),
    "start the root again": acts.reset("."),
    "start nobody again": acts.reset("nobody.post"),
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([ME, f"ns1.{ME}", "post", "TXT", "match"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def world() -> State:
    return build("union", "union", AT)


def picture(state: State) -> Any:
    """All that acts can change."""
    zones = {zone.origin: (zone.text(), zone.signing) for zone in state.zones.values()}
    shelves = {machine.name: (dict(machine.shelf.zones), machine.shelf.habit) for machine in state.machines.values()}
    return zones, shelves, dict(state.mail), dict(state.sites), state.clock.now()


@pytest.mark.parametrize("act", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_act_is_an_error_within_a_second_and_changes_nothing(act: Any, world: State) -> None:
    before, started = picture(world), time.process_time()
    with pytest.raises(ValueError) as caught:
        apply(world, act)
    assert time.process_time() - started < 1.0 and len(str(caught.value)) < 2000
    assert picture(world) == before


@given(kind=st.sampled_from(sorted(SHAPES)), data=st.data())
@settings(max_examples=150)
def test_any_json_is_an_act_or_a_value_error(kind: str, data: st.DataObject) -> None:
    state = build("clean", "union", AT)
    act = {"act": kind} | data.draw(st.dictionaries(st.sampled_from([*SHAPES[kind], "x"]), VALUES, max_size=5))
    before = picture(state)
    try:
        apply(state, act)
    except ValueError:
        assert picture(state) == before


def test_who_replays_a_journal_says_whose_domains_it_may_change(tmp_path: Path) -> None:
    theirs, mine = acts.publish("_dmarc.valdoria.post", "TXT", "v=DMARC1; p=none"), acts.publish(f"x.{ME}", "TXT", "x")
    for act in (theirs, acts.serve("ns1.valdoria.post", habit="silent"), acts.publish("19.2.0.192.in-addr.arpa", "PTR", "x.post.")):
        with pytest.raises(ValueError, match="belongs to valdoria.post"):
            visit("union", at=AT, journal=[mine, act], only=[ME])
    with visit("union", at=AT, journal=[mine], only=[ME]) as internet:
        with pytest.raises(ValueError, match="belongs to valdoria.post"):
            internet.do(theirs)
        assert len(internet.journal()) == 1
    with pytest.raises(ValueError, match="no domain"):
        visit("union", at=AT, only=["nobody.post"])


@pytest.mark.parametrize("journal", [{"act": "advance"}, [None], [[1]], 5, [acts.advance(0)] * (LONGEST_JOURNAL + 1)])
def test_what_is_no_journal_is_an_error(journal: Any) -> None:
    with pytest.raises(ValueError, match="journal"):
        visit("clean", at=AT, journal=journal)


@pytest.mark.parametrize("text", ["[" * 100_000, "\xff", " " * (9 << 20), '[{"act": "advance", "seconds": NaN}]'])
def test_a_file_that_is_no_journal_is_an_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError):
        visit("clean", at=AT, journal=path)


def test_a_journal_replays_up_to_ten_years_and_no_further() -> None:
    year = acts.advance(365 * 86_400.0)
    build("clean", "union", AT, [year] * 10)
    with pytest.raises(ValueError, match="3650 days"):
        build("clean", "union", AT, [year] * 11)


def test_the_journal_keeps_what_was_done_and_not_what_becomes_of_the_lists() -> None:
    with visit("clean", at=AT) as internet:
        act = acts.publish("x.valdoria.post", "TXT", "as it was")
        internet.do(act)
        act["values"].append("later")
        assert json.loads(json.dumps(internet.journal()))[0]["values"] == ["as it was"]


def test_a_hosted_operator_starts_again_with_its_zone_at_the_hosting_company() -> None:
    with visit("union", at=AT) as internet:
        name = next(d for d, s in internet.state.mail.items() if s.host == "mx1.harbour.example" and d != "harbour.example")
        before = internet.domain(name).zone.text()
        internet.do(acts.serve("ns1.harbour.example", drops=[name]))
        internet.domain(name).publish("x", "TXT", "y")
        for _ in range(2):  # what it starts again from is not used up
            internet.domain(name).reset()
            assert internet.domain(name).zone.text() == before
            internet.domain(name).publish("x", "TXT", "y")
        assert dns.name.from_text(name) in internet.state.machines["ns1.harbour.example"].shelf.zones


BEYOND = [datetime(1, 1, 1, tzinfo=UTC), datetime(1960, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC),
          datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-9)))]  # fmt: skip


@pytest.mark.parametrize("at", BEYOND)
def test_a_lab_starts_at_a_time_that_signatures_can_carry(at: datetime) -> None:
    """RFC 4034, section 3.1.5: 32 bits, until 2106."""
    with pytest.raises(ValueError, match="starts between|calendar"):
        visit("clean", at=at)


def test_a_day_that_was_an_act_is_one_day_in_the_journal() -> None:
    with visit("clean", at=AT) as internet:
        internet.do(acts.advance(86_400))
        internet.do(acts.publish("x.valdoria.post", "TXT", "x"))
        with visit("clean", at=AT, journal=internet.journal()) as again:
            assert again.clock.now() == internet.clock.now() == AT + timedelta(days=1)
            assert again.journal() == internet.journal()
