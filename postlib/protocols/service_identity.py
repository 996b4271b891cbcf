"""Which names a certificate stands for, and whether one of them is the name that was meant (RFC 9525)."""

from __future__ import annotations

import ipaddress

from cryptography import x509


def presented(certificate: x509.Certificate) -> tuple[str, ...]:
    """The DNS names and IP addresses of subjectAltName; the common name counts for nothing (section 2)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return (*names.get_values_for_type(x509.DNSName), *(str(ip) for ip in names.get_values_for_type(x509.IPAddress)))


def matches(name: str, pattern: str) -> bool:
    """Whether a presented `pattern` stands for `name`: case is ignored, a `*` is one whole left-most label (section 6.3)."""
    name, pattern = name.rstrip(".").lower(), pattern.rstrip(".").lower()
    if not name or not pattern:
        return False
    if is_address(name) or is_address(pattern):
        return same_address(name, pattern)
    if not pattern.startswith("*."):
        return "*" not in pattern and name == pattern
    label, dot, parent = name.partition(".")
    return bool(label and dot) and "*" not in pattern[2:] and parent == pattern[2:]


def stands_for(certificate: x509.Certificate, name: str) -> bool:
    """Whether the certificate stands for `name`."""
    return any(matches(name, pattern) for pattern in presented(certificate))


def is_address(text: str) -> bool:
    """Whether the text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def same_address(one: str, other: str) -> bool:
    """Whether both texts are the same IP address, however it is written."""
    return is_address(one) and is_address(other) and ipaddress.ip_address(one) == ipaddress.ip_address(other)
