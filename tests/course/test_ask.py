"""One DNS question of a learner, and what is shown of its answer (RFC 1034, section 4.3.2; RFC 1035, section 4.1; RFC 2308)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from postlib.course.ask import RESOLVER, ask
from postlib.lab.internet import Internet, visit


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with visit("union", at=datetime(2026, 11, 23, tzinfo=UTC)) as made:
        yield made


def test_an_answer_shows_question_value_ttl_and_who_answered(internet: Internet) -> None:
    reply = ask("auroria.post", "MX", internet)
    assert (reply.meaning, reply.status, reply.values, reply.own) == ("answer", "NOERROR", ("10 mx1.auroria.post.",), False)
    shown = repr(reply)
    assert all(part in shown for part in ("question", "auroria.post", "10 mx1.auroria.post.", RESOLVER, "192.0.2.10", "NOERROR"))
    assert "<table>" in reply._repr_html_() or "<table " in reply._repr_html_()


def test_the_zones_own_server_answers_from_the_zone(internet: Internet) -> None:
    reply = ask("auroria.post", "mx", internet, "ns1.auroria.post")
    assert reply.own and reply.ttl == 3600 and reply.type == "MX"


def test_a_delegation_points_on(internet: Internet) -> None:
    first = ask("auroria.post", "MX", internet, "ns.root.test")
    assert first.meaning == "pointer" and not first.values
    assert {(line.name, line.type) for line in first.pointers} == {("post", "NS")}
    second = ask("auroria.post", "MX", internet, first.pointers[0].value)
    assert {line.value for line in second.pointers} == {"ns1.auroria.post.", "ns2.auroria.post."}


def test_no_such_name_is_not_no_data(internet: Internet) -> None:
    nothing, nobody = ask("www.auroria.post", "MX", internet), ask("stamps.auroria.post", "MX", internet)
    assert (nothing.status, nothing.meaning) == ("NOERROR", "no-data")
    assert (nobody.status, nobody.meaning) == ("NXDOMAIN", "no-name")
    assert nothing.values == nobody.values == ()


def test_an_alias_and_what_it_leads_to_stand_in_one_answer(internet: Internet) -> None:
    internet.domain("auroria.post").publish("stamps", "CNAME", "www.auroria.post.")
    reply = ask("stamps.auroria.post", "A", internet, "ns1.auroria.post")
    assert [line.type for line in reply.answer] == ["CNAME", "A"] and reply.values == ("192.0.2.36",)


def test_the_resolver_keeps_an_answer_until_its_ttl_is_over() -> None:
    with visit("union", at=datetime(2026, 11, 23, tzinfo=UTC)) as internet:
        auroria = internet.domain("auroria.post")
        auroria.publish("notice", "TXT", "old", ttl=300)
        assert ask("notice.auroria.post", "TXT", internet).values == ('"old"',)
        auroria.publish("notice", "TXT", "new", ttl=300)
        internet.clock.advance(minutes=2)
        kept = ask("notice.auroria.post", "TXT", internet)
        assert (kept.values, kept.ttl) == (('"old"',), 180)
        assert ask("notice.auroria.post", "TXT", internet, "ns1.auroria.post").values == ('"new"',)
        internet.clock.advance(minutes=4)
        assert ask("notice.auroria.post", "TXT", internet).values == ('"new"',)


def test_a_server_that_holds_nothing_of_it_refuses(internet: Internet) -> None:
    reply = ask("auroria.post", "MX", internet, "ns1.inbox.example")
    assert (reply.status, reply.meaning) == ("REFUSED", "refused")


def test_a_machine_that_is_no_name_server_gives_no_answer(internet: Internet) -> None:
    reply = ask("auroria.post", "MX", internet, "www.auroria.post")
    assert (reply.meaning, reply.values) == ("no-answer", ()) and reply.status in repr(reply)


def test_a_machine_a_name_and_a_type_that_do_not_exist_are_refused(internet: Internet) -> None:
    with pytest.raises(ValueError, match="no machine"):
        ask("auroria.post", "MX", internet, "ns9.auroria.post")
    with pytest.raises(ValueError):
        ask("a..b", "MX", internet)
    with pytest.raises(ValueError):
        ask("auroria.post", "MAIL", internet)
