"""From a name to an answer and the chain that led there: iteration or forwarding, a cache, DNSSEC validation."""

from postlib.resolver.answer import Answer, Link, Security
from postlib.resolver.delegation import Delegation, ServerState
from postlib.resolver.resolver import Resolver, read_name, read_type

__all__ = ["Answer", "Delegation", "Link", "Resolver", "Security", "ServerState", "read_name", "read_type"]
