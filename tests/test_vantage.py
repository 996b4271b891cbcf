"""How another process sees the same Internet: what travels, and that nothing stays open behind it."""

from __future__ import annotations

import gc
import json
import pickle
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import postlib.vantage
from postlib import background
from postlib.cluster import batch_size
from postlib.lab.export import address_book
from postlib.lab.internet import Internet, visit
from postlib.lab.servers import OPEN
from postlib.look import check, look_from, scan
from postlib.network import Network
from postlib.policies import profile
from postlib.resolver import Resolver
from postlib.vantage import STAYS, Booked, Live, OutOfSight, Vantage, opened, vantage

AT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def internet() -> Iterator[Internet]:
    with visit("clean", at=AT) as up:
        yield up


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept for long."""
    monkeypatch.setattr(postlib.vantage, "LINGER", 0.05)


def gone(seen: Vantage) -> bool:
    """Whether this process lets go of a vantage, within a bound."""
    end = time.monotonic() + 30
    while seen in STAYS and time.monotonic() < end:
        time.sleep(0.01)
    gc.collect()
    return seen not in STAYS


def texts(network: Network, name: str) -> tuple[bytes, ...]:
    """The TXT records of a name."""
    return background.run(Resolver.of(network).resolve(name, "TXT")).texts


def test_a_labs_internet_travels_as_its_world_and_its_acts(internet: Internet, briefly: None) -> None:
    internet.clock.advance(hours=1)
    internet.domain("valdoria.post").publish("_dmarc", "TXT", "v=DMARC1; p=none")
    seen = pickle.loads(pickle.dumps(vantage(internet)))
    assert seen == vantage(internet) and seen.lab
    with opened(seen) as network:
        assert network.route is not internet.network.route and network.clock.now() == internet.clock.now()
        assert texts(network, "_dmarc.valdoria.post") == (b"v=DMARC1; p=none",)
    del network
    assert gone(seen)


def test_a_worker_sends_back_all_that_a_report_holds(internet: Internet, briefly: None) -> None:
    work = pickle.dumps((vantage(internet), profile()))
    seen, edition = pickle.loads(work)
    [(subject, findings, as_of)] = pickle.loads(pickle.dumps(look_from(("inbox.example",), seen, edition, 1)))
    report = check("inbox.example", internet)
    assert (subject, findings, as_of) == (report.subject, report.findings, report.as_of) and edition == report.profile
    assert gone(seen)


def test_threads_share_one_visit_and_its_servers_end_when_nobody_looks_any_more(internet: Internet, briefly: None) -> None:
    seen, before = vantage(internet), set(OPEN)

    def look(_: int) -> tuple[bytes, ...]:
        with opened(seen) as network:
            return texts(network, "valdoria.post")

    with opened(seen), ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(look, range(8)))) == 1
        [servers] = set(OPEN) - before
    assert gone(seen)
    end = time.monotonic() + 30
    while not servers.closed and time.monotonic() < end:
        time.sleep(0.01)
    assert servers.closed


def test_an_address_book_travels_as_its_text(internet: Internet, tmp_path: Path, briefly: None) -> None:
    path = tmp_path / "book.json"
    path.write_text(json.dumps(address_book(internet)))
    seen = pickle.loads(pickle.dumps(Booked.read(path)))
    path.unlink()
    with opened(seen) as network:
        assert texts(network, "valdoria.post") == texts(internet.network, "valdoria.post")
    assert gone(seen)
    internet.close()
    with pytest.raises(OutOfSight, match="not up here"):
        seen.open()


def test_what_is_no_address_book_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    path.write_text("[]")
    with pytest.raises(ValueError, match="not an address book"):
        Booked.read(path)


def test_a_live_network_travels_without_what_this_machine_found_out() -> None:
    """Each machine asks its own resolvers, unless one was named."""
    here = Network(forwarder="127.0.0.1:5300", timeout=3.0)
    assert here.forwarders
    seen = pickle.loads(pickle.dumps(vantage(here)))
    assert isinstance(seen, Live) and not seen.lab and "forwarders" not in vars(seen.network)
    with opened(seen) as network:
        assert (network.forwarder, network.timeout) == ("127.0.0.1:5300", 3.0)


def test_a_labs_network_alone_does_not_travel(internet: Internet) -> None:
    for stays in (internet.network, replace(Network(), clock=internet.clock), None):
        with pytest.raises(ValueError, match="give the Internet itself"):
            vantage(stays)


def test_a_vantage_is_for_a_cluster(internet: Internet) -> None:
    with pytest.raises(ValueError, match="for a scan on a cluster"):
        next(scan(["valdoria.post"], vantage(internet)))
    with pytest.raises(ValueError, match="at the least"):
        next(scan(["valdoria.post"], internet, at_once=0, scheduler="tcp://127.0.0.1:1"))
    with pytest.raises(ValueError, match="an address like"):
        next(scan(["valdoria.post"], internet, scheduler="nowhere"))
    with pytest.raises(ValueError, match="only in a lab"):
        next(scan(["auroria.post"], Network(), scheduler="tcp://127.0.0.1:1"))


def test_batches_grow_smaller_towards_the_end_and_take_every_name() -> None:
    """A million names in 32 threads: a batch is never larger than is done again gladly, and the last are single names."""
    left, sizes = 1_000_000, []
    while left:
        sizes.append(batch_size(left, 32))
        left -= sizes[-1]
    assert sizes == sorted(sizes, reverse=True) and (sizes[0], sizes[-1]) == (100, 1) and sum(sizes) == 1_000_000
