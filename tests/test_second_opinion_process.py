"""The process that asks checkdmarc: what goes wrong in it is one sentence, and nothing of it leaves a lab."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from postlib import acts
from postlib.lab.internet import Internet, visit
from postlib.network import Network
from postlib.policies import profile
from postlib.report import Report
from postlib.second_opinion import asking, second_opinion

installed = pytest.mark.skipif(importlib.util.find_spec("checkdmarc") is None, reason="checkdmarc is not installed (group second-opinion)")
DOMAIN = "valdoria.post"


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with visit("union") as visited:
        yield visited


def empty() -> Report:
    return Report(DOMAIN, (), datetime.now(UTC), profile())


FAKES = {
    "not-installed": "raise ModuleNotFoundError('none', name='checkdmarc')",
    "timeout": "import time; time.sleep(60)",
    "crashed": "import os; os._exit(3)",
    "unreadable": "import os, sys; os.write(1, b'<html>'); __version__ = '0'\ndef check_domains(*a, **k): return {}",
    "one-label": "__version__ = '0'\ndef check_domains(*a, **k): return []",
}


@pytest.mark.parametrize("trouble", FAKES)
def test_trouble_is_one_sentence_and_never_an_exception(
    trouble: str, internet: Internet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for checkdmarc that misbehaves; our own code is the real one."""
    (tmp_path / "checkdmarc.py").write_text(FAKES[trouble])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = second_opinion(empty(), internet, limit=2.0 if trouble == "timeout" else 30.0)
    assert said.trouble == trouble and said.areas == ()
    assert said.title == str(said) and said.title.startswith("There is no second opinion")


def test_a_domain_name_of_one_label_and_a_closed_lab_give_no_opinion() -> None:
    with visit("union") as lab:
        network = lab.network
    said = second_opinion(replace(empty(), subject="post"), network, limit=30.0)
    assert said.trouble in ("one-label", "not-installed")


# Nothing leaves the lab

TRIES = """
import json, runpy, socket, subprocess, sys
child = runpy.run_path(sys.argv[1])
door = ("127.0.0.1", int(sys.argv[2]))
refused = child["fence"]([door])
def udp(): return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
tries = {
    "connect": lambda: socket.socket().connect(("203.0.113.1", 443)),
    "connect_ex": lambda: socket.socket().connect_ex(("203.0.113.1", 443)),
    "connect udp": lambda: udp().connect(("203.0.113.1", 53)),
    "sendto": lambda: udp().sendto(b"x", ("203.0.113.1", 53)),
    "sendmsg": lambda: udp().sendmsg([b"x"], [], 0, ("203.0.113.1", 53)),
    "create_connection": lambda: socket.create_connection(("203.0.113.1", 443)),
    "getaddrinfo": lambda: socket.getaddrinfo("valdoria.post", 443),
    "gethostbyname": lambda: socket.gethostbyname("valdoria.post"),
    "gethostbyaddr": lambda: socket.gethostbyaddr("203.0.113.1"),
    "another loopback": lambda: udp().sendto(b"x", ("127.0.0.53", 53)),
    "another port": lambda: socket.socket().connect(("127.0.0.1", door[1] - 1)),
    "ipv6": lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 443)),
    "unix": lambda: socket.socket(socket.AF_UNIX).connect("/run/nothing"),
    "another program": lambda: subprocess.run(["true"]),
}
stopped = []
for name, attempt in tries.items():
    try:
        attempt()
    except PermissionError:
        stopped.append(name)
socket.create_connection(door).close()
print(json.dumps([sorted(tries), sorted(stopped), len(refused)]))
"""


def test_the_child_is_refused_every_door_but_the_labs_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        command = [sys.executable, "-c", TRIES, str(asking.CHILD), str(door.getsockname()[1])]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    tried, stopped, refused = json.loads(ran.stdout)
    assert tried == stopped and refused == len(tried)


@installed
def test_every_question_of_a_check_arrives_at_the_lab(internet: Internet) -> None:
    """A logo at an address, an MX elsewhere, an include elsewhere: all that checkdmarc follows ends in the lab or nowhere."""
    internet.reset()
    internet.do(
        acts.publish(f"default._bimi.{DOMAIN}", "TXT", "v=BIMI1; l=https://203.0.113.1/logo.svg; a=https://marks.nosuch.test/c.pem")
    )
    internet.do(acts.publish(DOMAIN, "TXT", "v=spf1 mx include:_spf.printpost.example a:elsewhere.test -all"))
    theirs = second_opinion(empty(), internet)
    assert theirs.trouble == "" and theirs.refused == ()
    everything = " ".join(str(event).lower() for event in internet.record.of("question"))
    labels = ("_dmarc", "_smtp._tls", "_mta-sts", "default._bimi", "mta-sts")
    for name in (*(f"{label}.{DOMAIN}" for label in labels), "_spf.printpost.example", "elsewhere.test", "marks.nosuch.test"):
        assert name in everything
    assert any(f"mta-sts.{DOMAIN}" in str(event) for event in internet.record.of("request"))


def test_a_live_request_uses_the_given_forwarder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The forwarder's address and port reach checkdmarc; a stand-in hands them back instead of asking."""
    (tmp_path / "checkdmarc.py").write_text(
        "__version__ = '0'\n"
        "def check_domains(d, *, nameservers, **k): return {'spf': {'error': ' '.join(map(str, nameservers or ['default']))}}"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert second_opinion(empty(), Network(forwarder="127.0.0.1:5399"))["spf"].said == "Do53:127.0.0.1@5399"
    assert second_opinion(empty(), Network())["spf"].said == "default"
