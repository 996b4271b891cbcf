"""The delegation: how a zone hangs from the one above it, and whether its servers do their work (RFC 1034, RFC 1912, RFC 2182)."""

from postlib.probes.delegation.checks import probe
from postlib.probes.delegation.facts import Delegated, Host
from postlib.probes.delegation.observe import holder

__all__ = ["Delegated", "Host", "holder", "probe"]
