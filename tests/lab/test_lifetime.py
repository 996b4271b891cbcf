"""Internets come and go: sockets end with them, in whatever order, thread or process; and no two of them mix."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import dns.message
import dns.query
import pytest

from postlib import background
from postlib.course.judging import judge
from postlib.course.seeds import case
from postlib.lab.internet import Internet, visit
from postlib.look import check, scan
from postlib.network import Network, Unreachable
from postlib.resolver import Resolver

AT = datetime(2026, 11, 23, tzinfo=UTC)
FORKED = """
import os, sys
from datetime import UTC, datetime
from postlib.lab.internet import visit
from postlib.look import check
at = datetime(2026, 11, 23, tzinfo=UTC)
parents = visit("clean", at=at)
assert len(check("valdoria.post", parents))
child = os.fork()
if not child:
    try:  # the parent's servers stay the parent's
        check("valdoria.post", parents)
        sys.exit(1)
    except ValueError as error:
        assert "is closed" in str(error)
    with visit("clean", at=at) as own:
        assert check("valdoria.post", own)["spf.one-record"].status.value == "pass"
    parents.close()
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert check("valdoria.post", parents)["spf.one-record"].status.value == "pass"
"""


def sockets() -> int:
    """How many sockets this process has open."""
    found = 0
    for number in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{number}").startswith("socket:")
        except OSError:  # the folder's own
            continue
    return found


def settled(most: int) -> int:
    """The number of sockets, once it is `most` or time is up."""
    until = time.monotonic() + 5
    gc.collect()
    while sockets() > most and time.monotonic() < until:
        time.sleep(0.02)
    return sockets()


def used(internet: Internet) -> None:
    """Have the servers of several kinds open."""
    assert internet.send("ana@valdoria.post", "clara@inbox.example").arrived
    assert background.run(internet.network.connect("192.0.2.20", 80))[1].close() is None


@pytest.mark.skipif(sys.platform != "linux", reason="counts sockets in /proc")
@pytest.mark.parametrize("closing", [True, False], ids=["closed", "forgotten"])
def test_many_visits_leave_no_sockets_behind(closing: bool, full: bool) -> None:
    background.loop()
    before = sockets()
    for _ in range(50 if full else 8):
        internet = visit("clean", at=AT)
        used(internet)
        if closing:
            internet.close()
    del internet
    assert settled(before) <= before


def test_a_network_keeps_its_internet_up() -> None:
    network = visit("clean", at=AT).network
    gc.collect()
    assert background.run(Resolver(network).resolve("valdoria.post", "A")).exists


def test_an_internet_can_be_closed_from_anywhere_and_twice() -> None:
    internet = visit("clean", at=AT)
    used(internet)

    async def inside() -> None:
        internet.servers.abandon()

    background.run(inside())
    internet.close()
    with pytest.raises(Unreachable, match="closed"):
        background.run(internet.network.connect("192.0.2.19", 25))


def test_closing_ends_questions_that_are_under_way() -> None:
    internet = visit("clean", at=AT)
    host, port = internet.servers.outside("192.0.2.17", 53, "tcp")
    with socket.create_connection((host, port), timeout=5) as idle:
        dns.query.tcp(dns.message.make_query("valdoria.post", "A"), host, port=port, timeout=5)
        internet.close()
        assert idle.recv(1) == b""


def test_a_closed_internet_says_so_whatever_is_done_with_it(tmp_path: Path) -> None:
    internet = visit("clean", at=AT)
    valdoria, network, clock = internet.domain("valdoria.post"), internet.network, internet.clock
    internet.stage("one")
    internet.close()
    for done in (
        lambda: valdoria.publish("x", "TXT", "x"), lambda: valdoria.mail.set(starttls=False),
        lambda: internet.do({"act": "stage", "name": "x"}),
        lambda: clock.advance(days=1), internet.undo, internet.reset, lambda: internet.stage("two"), lambda: internet.keep(tmp_path / "x"),
        lambda: check("valdoria.post", internet), lambda: check("valdoria.post", network), lambda: list(scan(["valdoria.post"], network)),
        lambda: internet.send("ana@valdoria.post", "clara@inbox.example"), lambda: internet.campaign("parcel-fee", "valdoria.post"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="this Internet is closed; visit"):
            done()
    assert clock.now() == AT and len(internet.journal()) == 1 and list(tmp_path.iterdir()) == []


def test_a_closed_internet_is_not_judged() -> None:
    with visit("union", at=AT, learner=case("spf-repair", "mailbox-17")) as internet:
        pass
    with pytest.raises(ValueError, match="this Internet is closed; visit"):
        judge("spf-repair", internet)


def test_the_clock_of_an_internet_that_was_taken_back_says_so() -> None:
    with visit("clean", at=AT) as internet:
        before = internet.clock
        internet.reset()
        with pytest.raises(ValueError, match="internet.clock is the one of now"):
            before.advance(days=1)
        assert internet.clock.advance(days=1) > AT


def test_many_threads_and_loops_may_look_while_acts_change_what_they_see() -> None:
    with visit("clean", at=AT) as internet, ThreadPoolExecutor(4) as pool:
        me, stop = internet.domain("valdoria.post"), threading.Event()

        def change() -> None:
            for number in range(150):
                me.publish(f"n{number}", "TXT", "x")
                me.withdraw(f"n{number}", "TXT")
            stop.set()

        def look() -> int:
            seen = 0
            while not stop.is_set():
                answer = asyncio.run(Resolver(internet.network).resolve(f"absent{seen}.valdoria.post", "TXT"))
                assert not answer.exists and answer.security.name in ("SECURE", "BOGUS")  # a zone may change between two questions
                seen += 1
            return seen

        looking = [pool.submit(look) for _ in range(3)]
        pool.submit(change).result(60)
        assert all(future.result(60) for future in looking)


def test_two_threads_get_one_background_loop() -> None:
    code = (
        "import sys, threading; sys.setswitchinterval(1e-6)\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from postlib import background\n"
        "start = threading.Barrier(8)\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    assert len({id(f.result()) for f in [pool.submit(lambda: (start.wait(), background.loop())[1]) for _ in range(8)]}) == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_its_own_internets_and_the_parent_keeps_its() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_visit_that_is_never_closed_ends_with_the_process() -> None:
    code = "from postlib import check, visit\ninternet = visit('clean')\ncheck('valdoria.post', internet)\n"
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, timeout=60, cwd=Path.cwd())
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_ends_what_was_waited_for() -> None:
    cancelled = threading.Event()

    async def long() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(KeyboardInterrupt):
        interrupted = threading.Timer(0.2, lambda: os.kill(os.getpid(), 2))
        interrupted.start()
        background.run(long())
    assert cancelled.wait(5)


def test_from_the_labs_own_loop_waiting_is_an_error_and_no_hang() -> None:
    internet = visit("clean", at=AT)

    async def inside() -> None:
        internet.send("ana@valdoria.post", "clara@inbox.example")

    with pytest.raises(RuntimeError, match="await"):
        background.run(inside())
    internet.close()


def test_a_server_that_cannot_open_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("postlib.lab.servers.bind", full)
    with visit("clean", at=AT) as internet, pytest.raises(Unreachable, match="unreachable"):
        background.run(internet.network.connect("192.0.2.19", 25))
    assert isinstance(internet.network, Network)
