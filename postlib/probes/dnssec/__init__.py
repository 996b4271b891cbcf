"""DNSSEC: whether the world can tell the zone's answers from forged ones (RFC 4033 to 4035, RFC 9904, RFC 9276)."""

from postlib.probes.dnssec.checks import probe
from postlib.probes.dnssec.facts import Dnssec

__all__ = ["Dnssec", "probe"]
