"""Servers of a hostile domain owner: names that TLS cannot carry, false authorities, redirections to nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from loopback import NOW, Issued, intermediate, issue, leaf, listening, over_tls, reached, root, saying
from zones import run

from postlib.finding import Status
from postlib.network import Unknown
from postlib.policies import profile
from postlib.probes import http, starttls
from postlib.protocols.addresses import Addresses
from postlib.protocols.http import Response
from postlib.protocols.mx import Exchanger, Exchangers
from postlib.protocols.pkix import verify
from postlib.protocols.tls import handshake

HOST = "valdoria.post"
ADDRESS = "192.0.2.25"
PRIVATE = Addresses(HOST, ("10.0.0.1",), ())


@pytest.mark.parametrize("name", ["\\001" * 40 + ".valdoria.post", "\\..valdoria.post", "a..b", "<script>.valdoria.post", "x" * 64])
def test_a_name_that_sni_cannot_carry_is_not_sent(name: str) -> None:
    """RFC 6066, section 3; an MX record may name any octets, and ssl raised for some."""
    with listening(over_tls(leaf(HOST).context(), saying(b""))) as port:
        assert run(handshake(reached({(ADDRESS, 443): port}), ADDRESS, 443, name)).chain


def reasons(certificate: Issued) -> list[str]:
    return [problem.reason for problem in verify(certificate.chain, HOST, root().pem, NOW).problems]


def test_a_date_or_a_name_does_not_hide_that_the_issuer_is_no_authority() -> None:
    """RFC 5280, section 6.1.4 (k): else "leads to a known authority" held for whatever a server's own key had signed."""
    server = issue("mallory.example", by=intermediate())
    assert reasons(issue(HOST, by=server)) == ["refused"]
    assert reasons(issue(HOST, by=server, days=(-20, -5))) == ["expired", "refused"]
    assert reasons(issue("other.example", by=server)) == ["wrong-name", "refused"]


def test_what_a_date_or_a_name_explains_is_not_blamed_on_the_authority() -> None:
    assert reasons(leaf(HOST, days=(-20, -5))) == ["expired"]
    assert reasons(leaf("other.example")) == ["wrong-name"]
    assert reasons(leaf("*.other.example")) == ["wrong-name"]
    assert reasons(leaf("192.0.2.1", days=(-20, -5))) == ["expired", "wrong-name"]


def web(location: str) -> http.Web:
    """A site whose plain HTTP leads there."""
    step = Response(f"http://{HOST}/", ADDRESS, 301, (("location", location),), b"", stopped="bad-location")
    return http.Web(HOST, (http.Host(HOST, PRIVATE, Unknown("timeout", HOST), step),))


@pytest.mark.parametrize("location", [f"https://{HOST}:99999/", f"https://{HOST}:0/", f"https://{HOST}:x/", "https://[/"])
def test_a_redirection_to_no_port_does_not_lead_to_https(location: str) -> None:
    assert http.redirects_to_https(web(location), profile()).status is Status.FAIL
    assert http.redirects_to_https(web(f"https://{HOST}/"), profile()).status is Status.PASS


def test_exchangers_at_private_addresses_are_not_taken_for_a_blocked_port() -> None:
    """RFC 6890: nobody asked them, so port 25 has nothing to do with it."""
    exchangers = Exchangers(HOST, (Exchanger(10, HOST, PRIVATE),))
    facts = starttls.Starttls(HOST, exchangers, (starttls.Server(HOST, "10.0.0.1", Unknown("special-address", "10.0.0.1:25")),))
    verdict = starttls.offered(facts, profile())
    assert (verdict.status, dict(verdict.evidence)["reason"]) == (Status.UNKNOWN, "special-address")
    closed = replace(facts, servers=(replace(facts.servers[0], seen=Unknown("timeout", "10.0.0.1:25")),))
    assert dict(starttls.offered(closed, profile()).evidence)["reason"] == "port-25-blocked"
