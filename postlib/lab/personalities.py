"""How a lab's TLS server behaves, by one word: the protocol versions it speaks, its ciphers, and what is wrong with its certificate.

One listening port serves one personality: OpenSSL settles the protocol versions before it looks at the name (SNI) that the
client asks for, so a port can choose between certificates but not between versions.
"""

from __future__ import annotations

import ssl
import tempfile
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path

from postlib.lab.authority import Authority, Credentials, PrivateKey
from postlib.lab.keys import Keys
from postlib.lab.personality import ANY, PERSONALITIES, Fault, Personality, known

CONTEXTS = 1024  # kept at a time: one for each personality and certificate
STRANGER = "elsewhere.example"  # whose certificate a wrong-host server shows

Choose = Callable[[str], Credentials | None]
"""From the name a client asks for (lower case, "" for none) to what to show it; None: the name is not served here."""


def credentials(authority: Authority, word: str, names: Sequence[str]) -> Credentials:
    """The chain and key that a server of this personality shows for these host names; the first name chooses the key."""
    return _credentials(authority, known(word), tuple(names))


def context(word: str, shown: Credentials) -> ssl.SSLContext:
    """A server context of that personality with these credentials.

    Raises ValueError for an unknown personality and ssl.SSLError where the local OpenSSL cannot serve it.
    """
    return _context(known(word), shown)


def choosing_context(word: str, choose: Choose) -> ssl.SSLContext:
    """A server context that shows each client the credentials for the name it asks for (RFC 6066, section 3).

    A client that asks for another name, or for none, gets the alert unrecognized_name.
    """
    personality = known(word)

    def named(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        shown = choose((name or "").lower())
        if shown is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = _context(personality, shown)
        return None

    base = _bare_context(personality)
    base.sni_callback = named
    return base


@cache
def servable() -> frozenset[str]:
    """The personalities that the local OpenSSL can serve, found by a handshake with each in memory."""
    return frozenset(word for word, personality in PERSONALITIES.items() if _serves(word, personality))


@lru_cache(maxsize=CONTEXTS)
def _credentials(authority: Authority, personality: Personality, names: tuple[str, ...]) -> Credentials:
    key = _key(authority.keys, personality, f"tls/{names[0]}" if names else "tls")
    return Credentials.of(_chain(authority, personality.fault, names, key), key)


def _key(keys: Keys, personality: Personality, label: str) -> PrivateKey:
    return keys.rsa(label, personality.rsa_bits) if personality.rsa_bits else keys.ec(label)


def _chain(authority: Authority, fault: Fault, names: Sequence[str], key: PrivateKey) -> tuple[str, ...]:
    at, day = authority.at, timedelta(days=1)
    match fault:
        case "expired":
            return authority.issue(names, key, not_before=at - 91 * day, not_after=at - day)
        case "not-yet-valid":
            return authority.issue(names, key, not_before=at + 365 * day, not_after=at + 455 * day)
        case "wrong-host":
            return authority.issue([STRANGER], key)
        case "self-signed":
            return (authority.self_signed(names, key),)
        case "unknown-issuer":
            return Authority(authority.keys, at, "Unknown Issuer").issue(names, key)
        case "incomplete":
            return authority.issue(names, key)[:1]
        case "sha1":
            return authority.issue_sha1(names, key)
        case _:
            return authority.issue(names, key)


@lru_cache(maxsize=CONTEXTS)
def _context(personality: Personality, shown: Credentials) -> ssl.SSLContext:
    server = _bare_context(personality)
    with tempfile.TemporaryDirectory(prefix="postlib-") as folder:  # ssl reads certificates from files only
        file = Path(folder, "credentials.pem")
        file.write_text(shown.key + "".join(shown.chain))
        server.load_cert_chain(file)
    return server


def _bare_context(personality: Personality) -> ssl.SSLContext:
    """A server context that has no certificate yet: the security level must be set before one is loaded."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers(personality.ciphers)
    server.options |= ssl.OP_NO_TICKET  # each connection is a whole handshake, with the certificate of that moment
    server.num_tickets = 0
    with warnings.catch_warnings():  # TLS 1.0 and 1.1 are deprecated: that is what these servers are for
        warnings.simplefilter("ignore", DeprecationWarning)
        server.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        server.maximum_version = personality.maximum
        server.minimum_version = personality.minimum
    return server


def _serves(word: str, personality: Personality) -> bool:
    authority = Authority(Keys("self-test"), datetime(2026, 1, 1, tzinfo=UTC))
    try:
        return _handshake(_context(personality, credentials(authority, word, ["self-test.example"])))
    except (OSError, ValueError):  # ssl.SSLError is an OSError; ValueError: a version that OpenSSL was built without
        return False


def _handshake(server_context: ssl.SSLContext) -> bool:
    """Whether a client that accepts anything comes to an end with this server."""
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname, client_context.verify_mode = False, ssl.CERT_NONE
    client_context.set_ciphers(ANY)
    client_context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    rounds = 4  # TLS 1.2 needs two, TLS 1.3 fewer
    return any(all([_stepped(client), _stepped(server)]) for _ in range(rounds))


def _stepped(end: ssl.SSLObject) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
