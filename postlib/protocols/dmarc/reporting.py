"""May reports about a domain go to that address? RFC 9990, section 4, for rua; RFC 9991, section 5, the same for ruf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from postlib.network import Network
from postlib.protocols.dmarc.discovery import dmarc_records, organizational_domain
from postlib.protocols.dmarc.domain import LONGEST_NAME, domain_name, is_within
from postlib.protocols.dmarc.record import Record
from postlib.protocols.dmarc.uri import Uri, parse_uri
from postlib.resolver import Resolver


@dataclass(frozen=True)
class Authorisation:
    """Whether reports may be sent to a URI of a policy record, and where they go then.

    `reason` is same-organization, authorised, overridden (the destination names another address on the same host),
    or, of those refused: no-host, name-too-long, no-record, override-elsewhere. `uris` is empty where refused.
    `query` is the name whose TXT record decided, "" where the destination is not external; `texts` what was found there.
    """

    authorised: bool
    reason: str
    uris: tuple[Uri, ...] = ()
    query: str = ""
    texts: tuple[str, ...] = ()

    @property
    def external(self) -> bool:
        """Whether the destination belongs to another organization, which has to agree."""
        return self.reason != "same-organization"


async def report_authorised(
    net: Network | Resolver, policy_domain: str, uri: str | Uri, *, kind: Literal["rua", "ruf"] = "rua"
) -> Authorisation:
    """Whether a report about `policy_domain`, where the policy record was found, may go to that URI.

    A wildcard `*._report._dmarc.<host>` agrees to anybody: the DNS itself answers for it.
    Raises Unreachable where that could not be told (a report may wait), ValueError for what is no URI or no domain name.
    """
    policy_domain = domain_name(policy_domain)
    uri = parse_uri(uri) if isinstance(uri, str) else uri
    if not uri.host:
        return Authorisation(False, "no-host")
    resolver = Resolver.of(net)
    if await _same_organization(resolver, policy_domain, uri.host):
        return Authorisation(True, "same-organization", (uri,))
    query = f"{policy_domain}._report._dmarc.{uri.host}"
    if len(query) > LONGEST_NAME:
        return Authorisation(False, "name-too-long", query=query)
    answer = await resolver.lookup(query, "TXT")
    found = dmarc_records(answer.texts)
    texts = tuple(text for text, _ in found)
    if not found:
        return Authorisation(False, "no-record", query=query, texts=texts)
    return _with_override(uri, kind, tuple(record for _, record in found), query, texts)


def _with_override(uri: Uri, kind: Literal["rua", "ruf"], records: tuple[Record, ...], query: str, texts: tuple[str, ...]) -> Authorisation:
    """The destination's own word on where at its host reports go. One address elsewhere, and nobody gets a report."""
    others = tuple(other for record in records for other in (record.rua if kind == "rua" else record.ruf))
    if any(other.host != uri.host for other in others):
        return Authorisation(False, "override-elsewhere", query=query, texts=texts)
    if others:
        return Authorisation(True, "overridden", others, query, texts)
    return Authorisation(True, "authorised", (uri,), query, texts)


async def _same_organization(resolver: Resolver, one: str, other: str) -> bool:
    """Whether two names have one Organizational Domain, with as few questions as that takes."""
    if one == other:
        return True
    if one.rpartition(".")[2] != other.rpartition(".")[2]:
        return False
    organization = (await organizational_domain(resolver, one)).name
    return is_within(other, organization) and (await organizational_domain(resolver, other)).name == organization
