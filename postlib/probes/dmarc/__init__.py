"""DMARC: what receivers are asked to do with mail that nobody vouches for, and who hears of it (RFC 9989, RFC 9990)."""

from postlib.probes.dmarc.checks import probe
from postlib.probes.dmarc.facts import Dmarc, observe
from postlib.probes.dmarc.remedies import climb, cover_subdomains

__all__ = ["Dmarc", "climb", "cover_subdomains", "observe", "probe"]
