"""DMARC as RFC 9989 has it: the record, the DNS Tree Walk, alignment, the policy asked for; and where reports may go (RFC 9990).

    evaluation = await evaluate(net, "auroria.post", spf=("pass", "bounce.auroria.post"), dkim=[("fail", "auroria.post", "s1")])
    evaluation.result, evaluation.disposition, evaluation.discovery.walk.steps

    DmarcSyntaxError      the text is not a DMARC record at all; whatever else is wrong in a record is a Fault in it
"""

from postlib.protocols.dmarc.author import author_domains
from postlib.protocols.dmarc.discovery import Discovery, OrganizationalDomain, Role, Step, Walk, discover, organizational_domain, walk
from postlib.protocols.dmarc.domain import domain_name
from postlib.protocols.dmarc.evaluate import Evaluation, Identifier, Result, evaluate
from postlib.protocols.dmarc.record import DmarcSyntaxError, Fault, Policy, Record, parse
from postlib.protocols.dmarc.reporting import Authorisation, report_authorised
from postlib.protocols.dmarc.uri import Uri, parse_uri

__all__ = [
    "Authorisation",
    "Discovery",
    "DmarcSyntaxError",
    "Evaluation",
    "Fault",
    "Identifier",
    "OrganizationalDomain",
    "Policy",
    "Record",
    "Result",
    "Role",
    "Step",
    "Uri",
    "Walk",
    "author_domains",
    "discover",
    "domain_name",
    "evaluate",
    "organizational_domain",
    "parse",
    "parse_uri",
    "report_authorised",
    "walk",
]
