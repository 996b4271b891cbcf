"""Web servers that mean harm, or are broken, in the lab and through `check`: each ends as *unknown* or *failed*, within bounds."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from besieged import MOST_OCTETS, VICTIM, besieged, explained
from conftest import FULL

from postlib import acts
from postlib.lab import habits
from postlib.lab.habits import mail, web

TLS = ("modern-version", "no-old-version", "trusted", "complete-chain", "names-match", "in-its-time", "key-size", "strong-signature")
POLICY = ("policy-syntax", "active", "enforced", "max-age", "covers-exchangers", "exchangers-keep-it")


@dataclass(frozen=True)
class Site:
    """What becomes of the site's rules: over HTTPS, over plain HTTP, of TLS. A word with a colon is a status and its reason."""

    https: str
    plain: str = ""
    tls: str = ""

    @property
    def changes(self) -> dict[str, str]:
        https, plain = self.https.partition(":")[0], self.plain.partition(":")[0]
        found = dict.fromkeys(("http.hsts-readable", "http.hsts-max-age"), "unknown" if https == "unknown" else "not-applicable")
        found["http.hsts"] = {"fail": "not-applicable"}.get(https, https)
        if https in ("answers", "astray"):
            found["http.hsts"] = "fail"
        if https != "answers":
            found["http.over-https"] = "fail" if https == "astray" else https
        if plain:
            found["http.redirects-to-https"] = plain
        if plain == "unknown":
            found["http.hsts-not-over-http"] = plain
        return found | self._tls()

    def _tls(self) -> dict[str, str]:
        """Of TLS: nothing known at all, or no handshake whose certificate could be judged."""
        if not self.tls:
            return {}
        if self.tls == "unknown":
            return {f"tls.{name}": "unknown" for name in TLS}
        unheard = dict.fromkeys(self.tls.split(), "unknown")
        return {f"tls.{name}": "not-applicable" for name in TLS[2:]} | {f"tls.{name}": status for name, status in unheard.items()}


NOT_HTTP = Site("fail:malformed", "fail")
SILENT = Site("unknown:timeout", "unknown")
SITES = {
    "silent": Site("unknown:timeout", "unknown", "unknown"),
    "closes": Site("unknown:closed", "unknown", "unknown"),
    "garbage": Site("fail:not-tls", "fail", "modern-version no-old-version"),
    "half-handshake": Site("unknown:timeout", "", "unknown"),
    "unreadable-certificate": Site("fail:broken-handshake", "", "modern-version"),
    "thousand-certificates": Site("fail:oversized-handshake", "", "modern-version"),
    "giant-certificate": Site("fail:oversized-handshake", "", "modern-version"),
    "endless-headers": NOT_HTTP,
    "many-headers": NOT_HTTP,
    "endless-interim": NOT_HTTP,
    "endless-chunk-line": NOT_HTTP,
    "short-body": NOT_HTTP,
    "not-http": NOT_HTTP,
    "endless-body": Site("answers", "fail"),
    "large-body": Site("answers", "fail"),
    "chunked-body": Site("answers", "fail"),
    "gzip-body": Site("answers", "fail"),
    "slow": SILENT,
    "slow-body": SILENT,
    "mute": SILENT,
    "growing-redirect": Site("astray:too-many-redirects", "fail"),
    "bouncing-redirect": Site("astray:back-to-http"),
}

# What becomes of the policy: the check that says so, its status, and the reason.
POLICIES = {
    "silent": "unknown timeout",
    "closes": "unknown closed",
    "garbage": "policy-served tls-not-tls",
    "half-handshake": "unknown timeout",
    "unreadable-certificate": "policy-served tls-broken-handshake",
    "thousand-certificates": "policy-served tls-oversized-handshake",
    "giant-certificate": "policy-served tls-oversized-handshake",
    "endless-headers": "policy-served malformed-http",
    "many-headers": "policy-served malformed-http",
    "endless-interim": "policy-served malformed-http",
    "endless-chunk-line": "policy-served malformed-http",
    "short-body": "policy-served malformed-http",
    "not-http": "policy-served malformed-http",
    "endless-body": "policy-syntax too-long",
    "large-body": "policy-syntax too-long",
    "chunked-body": "policy-syntax too-long",
    "gzip-body": "policy-syntax not-utf-8",
    "slow": "unknown timeout",
    "slow-body": "unknown timeout",
    "mute": "unknown timeout",
    "growing-redirect": "policy-served redirect",
    "bouncing-redirect": "policy-served redirect",
}


def test_every_habit_is_made_and_expected() -> None:
    assert set(habits.WEB) == web.CONNECTIONS.keys() | web.HANDSHAKES.keys() | web.ANSWERS.keys() == SITES.keys() == POLICIES.keys()
    assert set(habits.MAIL) == mail.HABITS.keys()


@pytest.mark.parametrize("habit", habits.WEB)
def test_a_hostile_web_site_is_known_for_what_it_does(monkeypatch: pytest.MonkeyPatch, habit: str) -> None:
    siege = besieged(monkeypatch, habit, acts.web(VICTIM, habit=habit))
    assert {check: status for check, status in siege.changes.items() if check.startswith(("http.", "tls."))} == SITES[habit].changes
    evidence = siege.words("http.over-https")
    assert SITES[habit].https.partition(":")[2] == evidence.get("reason", evidence.get("problem", ""))
    assert all(map(explained, siege.report))
    assert siege.octets < MOST_OCTETS


SOONER = ("silent", "half-handshake", "many-headers", "endless-body", "large-body", "chunked-body", "gzip-body", "slow-body", "short-body")


@pytest.mark.parametrize("habit", habits.WEB if FULL else SOONER)
def test_a_hostile_policy_host_gives_no_policy(monkeypatch: pytest.MonkeyPatch, habit: str) -> None:
    """RFC 8461, section 3.3: the gigabyte of an endless policy among them."""
    siege = besieged(monkeypatch, habit, acts.web(f"mta-sts.{VICTIM}", habit=habit))
    where, word = POLICIES[habit].split()
    evidence = siege.words("mta-sts.policy-served" if where == "unknown" else f"mta-sts.{where}")
    assert evidence["reason" if where == "unknown" else "problem"] == word
    unjudged = {f"mta-sts.{name}" for name in POLICY} - {f"mta-sts.{where}"}
    assert {siege.report[check].status.value for check in unjudged} == {"unknown" if where == "unknown" else "not-applicable"}
    assert all(map(explained, siege.report))
    assert siege.octets < MOST_OCTETS


REDIRECTIONS = {
    "itself": (f"https://{VICTIM}/", "fail", "too-many-redirects"),
    "http": (f"http://{VICTIM}/", "fail", "back-to-http"),
    "loopback": ("https://127.0.0.1/", "unknown", "no-route"),
    "metadata": ("https://169.254.169.254/latest/meta-data/", "unknown", "no-route"),
    "inside": ("http://10.0.0.1/", "fail", "back-to-http"),
    "ipv6-loopback": ("https://[::1]/", "unknown", "no-route"),
    "file": ("file:///etc/passwd", "fail", "bad-location"),
    "gopher": ("gopher://127.0.0.1:25/_HELO", "fail", "bad-location"),
    "javascript": ("javascript:alert(1)", "fail", "bad-location"),
    "port 0": (f"https://{VICTIM}:0/", "fail", "bad-location"),
    "credentials": ("https://user:secret@valdoria.post/", "fail", "bad-location"),
    "a long name": ("https://" + "a" * 300 + ".post/", "fail", "bad-location"),
}


@pytest.mark.parametrize("case", REDIRECTIONS)
def test_a_redirection_to_nowhere_is_no_pass(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """An address in somebody's network is not asked; what it would have said is unknown."""
    location, status, word = REDIRECTIONS[case]
    page = {"status": 302, "headers": {"Location": location}}
    siege = besieged(monkeypatch, "", acts.web(VICTIM, redirect=False, pages={"/": page}))
    evidence = siege.words("http.over-https")
    assert (siege.report["http.over-https"].status.value, evidence.get("reason", evidence.get("problem"))) == (status, word)


def test_two_hosts_that_send_people_to_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = {f"www.{VICTIM}": VICTIM, VICTIM: f"www.{VICTIM}"}
    todo = [acts.web(VICTIM, redirect=False, pages={path: {"status": 301, "headers": {"Location": f"https://{host}{to}"}}})
            for path, to, host in (("/", "/a", pair[VICTIM]), ("/a", "/", VICTIM))]  # fmt: skip
    assert besieged(monkeypatch, "", *todo).words("http.over-https")["problem"] == "too-many-redirects"
