"""Sender Policy Framework (RFC 7208): the grammar, check_host(), and the worst case of a record."""

from postlib.protocols.spf.evaluate import check_helo, check_host, check_mail_from
from postlib.protocols.spf.outcome import Outcome, Query, Result, Step
from postlib.protocols.spf.record import Directive, Mechanism, Modifier, Record, SpfSyntaxError, is_spf, parse
from postlib.protocols.spf.walk import Lookups, LookupTerm, lookups, lookups_of

__all__ = [
    "Directive",
    "LookupTerm",
    "Lookups",
    "Mechanism",
    "Modifier",
    "Outcome",
    "Query",
    "Record",
    "Result",
    "SpfSyntaxError",
    "Step",
    "check_helo",
    "check_host",
    "check_mail_from",
    "is_spf",
    "lookups",
    "lookups_of",
    "parse",
]
