"""A built world kept on disk: the same to the octet as one built anew, never somebody else's, and never in the way."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.message
import dns.name
import dns.rdatatype
import pytest
from cryptography.hazmat.primitives import serialization

from postlib.lab import build as building
from postlib.lab import built, image, store
from postlib.lab.build import build
from postlib.lab.dns.answer import respond
from postlib.lab.internet import visit
from postlib.lab.personalities import credentials
from postlib.lab.personality import NO_TLS
from postlib.lab.state import State

AT = datetime(2026, 11, 23, tzinfo=UTC)
JOURNAL = [
    {"act": "publish", "name": "_dmarc.auroria.post", "type": "TXT", "values": ["v=DMARC1; p=reject"]},
    {"act": "sign", "zone": "auroria.post", "denial": "nsec3"},
    {"act": "registry", "domain": "auroria.post", "ds": "match"},
    {"act": "dkim", "domain": "auroria.post", "selector": "new", "kind": "ed25519"},
    {"act": "mail", "domain": "auroria.post", "starttls": False},
    {"act": "web", "host": "auroria.post", "personality": "expired"},
    {"act": "wait", "seconds": 40 * 86_400},
    {"act": "reset", "domain": "pelagia.post"},
]  # fmt: skip
DIGEST = """
from datetime import UTC, datetime
from postlib.lab.built import built
from test_built import whole
print(whole(built("union", "union", datetime(2026, 11, 23, tzinfo=UTC))))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own."""
    monkeypatch.setenv("POSTLIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The worlds that are built from their parts, and not read, from now on."""
    seen: list[str] = []
    found = building.founded
    monkeypatch.setattr(building, "founded", lambda world, seed, at: (seen.append(world), found(world, seed, at))[1])
    return seen


def whole(state: State) -> str:
    """One number for all that an Internet consists of: records, signatures, keys, machines, settings, pages, certificates, answers."""
    digest = hashlib.sha256()
    for line in (*_names(state), *_settings(state), *_answers(state)):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _names(state: State) -> Iterator[str]:
    encoding = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    for origin, zone in state.zones.items():
        yield f"{origin} {zone.text()}"
        for name in zone.names:
            for rrtype in sorted(zone.types(name)):
                rdataset = zone.get(name, rrtype)
                yield repr(rdataset and [rdataset.to_text(name), name == origin and zone.signature(name, rdataset)])
        for key in zone.signing.keys if zone.signing else ():
            yield f"{key.dnskey} {key.private.private_bytes(*encoding).hex()} {key.published} {key.active}"


def _settings(state: State) -> Iterator[str]:
    for machine in state.machines.values():
        held = [zone.to_text() for zone in machine.shelf.zones]
        yield f"{machine.name} {machine.addresses} {machine.owner} {machine.smtp} {machine.web} {machine.resolver} {sorted(machine.guests)}"
        yield f"{held} {machine.shelf.habit} {machine.shelf.changes > 0} {list(state.by_address)}"
    yield f"{list(state.mail.items())} {state.clock.now()} {state.at} {state.world} {state.seed} {state.only} {state.root_pem}"
    for host, site in state.sites.items():
        yield f"{host} {site} {site.personality == NO_TLS or credentials(state.authority, site.personality, site.hosts)}"


def _answers(state: State) -> Iterator[str]:
    for machine in state.machines.values():
        for name in ("auroria.post", "nobody.auroria.post", "_dmarc.pelagia.post", "."):
            question = dns.message.make_query(name, "TXT", want_dnssec=True, id=1).to_wire()
            reply = respond(machine.shelf.zones, question, udp=False)
            yield str(sorted(dns.message.from_wire(reply).to_text().splitlines()) if reply else "")  # dnspython writes a set in any order


@pytest.mark.parametrize("world", ["union", "clean"])
def test_a_kept_world_is_the_same_to_the_octet(world: str, place: Path, anew: list[str]) -> None:
    """Zones, signatures, keys, certificates, pages, answers: whatever came from the disk, nobody can tell."""
    first, second = built.built(world, "union", AT), built.built(world, "union", AT)
    assert anew == [world] and len(list(place.iterdir())) == 1
    assert whole(first) == whole(second) == whole(build(world, "union", AT))


def test_a_journal_leads_to_the_same_from_both(place: Path, anew: list[str]) -> None:
    """DESIGN.md: an Internet is what is built and then its acts, wherever the first part came from; renewals and resets too."""
    built.built("union", "union", AT)
    kept = built.built("union", "union", AT, JOURNAL)
    assert anew == ["union", "union"]  # and the second for the reset, which compares with the world as it was
    assert kept.clock.now() == AT + timedelta(days=40)
    assert whole(kept) == whole(build("union", "union", AT, JOURNAL)) != whole(build("union", "union", AT))


def test_what_is_kept_is_the_world_before_any_act(place: Path, anew: list[str]) -> None:
    act = {"act": "withdraw", "name": "_dmarc.valdoria.post", "type": "TXT"}
    built.built("clean", "union", AT, [act])
    assert "".join(_names(built.built("clean", "union", AT))) == "".join(_names(build("clean", "union", AT)))
    assert anew[0] == "clean" and len(list(place.iterdir())) == 1
    used = built.built("clean", "union", AT)
    used.clock.advance(seconds=1)
    with pytest.raises(ValueError, match="as it was built"):
        image.dump(used)


def test_world_seed_time_and_code_have_a_file_each(place: Path, anew: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for world, seed, at in (("clean", "a", AT), ("clean", "b", AT), ("clean", "a", AT + timedelta(days=1))):
        assert (built.built(world, seed, at).seed, built.built(world, seed, at).at) == (seed, at)
    monkeypatch.setattr(built, "version", lambda: "another")
    monkeypatch.setattr(built, "LOADED", "another")
    built.built("clean", "a", AT)
    assert len(anew) == 4 == len(list(place.iterdir()))


def test_the_version_changes_with_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built, "CODE", tmp_path)
    (tmp_path / "worlds").mkdir()
    versions = []
    for text in ("a: 1", "a: 22"):
        (tmp_path / "worlds" / "union.yaml").write_text(text)
        versions.append(built.version())
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "state.pyc").write_text("")
    assert versions[0] != versions[1] == built.version()


def test_who_outlives_an_upgrade_keeps_nothing(place: Path, anew: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it builds comes of the old code, and would lie under the new code's name; the old code's worlds it may still read."""
    built.built("clean", "a", AT)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "build.py").write_text("another")
    monkeypatch.setattr(built, "CODE", tmp_path / "code")
    assert built.version() != built.LOADED
    for seed in ("a", "b"):
        assert built.built("clean", seed, AT).seed == seed
    assert len(anew) == 2 and len(list(place.iterdir())) == 1


def test_code_outside_a_folder_has_no_version_and_keeps_nothing(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built, "CODE", tmp_path / "postlib.zip" / "postlib")
    assert built.version() == ""
    monkeypatch.setattr(built, "LOADED", built.version())
    built.built("clean", "a", AT)
    assert not place.exists()


def test_a_grader_leaves_the_cache_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither read nor written: `cache=False`, a replay of somebody else's journal, POSTLIB_CACHE=off; nor is `generated` kept."""
    visit("clean", at=AT, cache=False).close()
    visit("clean", at=AT, only=["valdoria.post"]).close()
    visit("generated:3", at=AT).close()
    with monkeypatch.context() as patched:
        patched.setenv("POSTLIB_CACHE", "off")
        assert store.folder() is None
        visit("clean", at=AT).close()
    assert not place.exists()
    visit("clean", at=AT).close()
    assert len(list(place.iterdir())) == 1


def test_what_cannot_be_built_is_said_as_without_a_cache(place: Path) -> None:
    for world, at in (("nowhere", AT), ("union", datetime(1500, 1, 1, tzinfo=UTC)), ("union", datetime(2026, 1, 1))):
        with pytest.raises(ValueError):
            built.built(world, "union", at)
    with pytest.raises(ValueError, match="no domain of the world"):
        built.built("clean", "union", AT, only=["nobody.post"])
    assert not place.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="three processes at once are started as on Unix")
def test_processes_at_once_do_not_disturb_each_other(place: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(Path(__file__).parents[2]), str(Path(__file__).parent)))}
    running = [subprocess.Popen([sys.executable, "-c", DIGEST], env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [process.communicate(timeout=120)[0].strip() for process in running]
    assert told == [whole(build("union", "union", AT))] * 3
    assert [stat.S_IMODE(file.stat().st_mode) for file in place.iterdir()] == [0o600]
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
