"""Acts: one change to an Internet each, as plain JSON data.

A fault, a remedy, a learner's journal, a lab's seed and an attacker's campaign are all lists of acts.
These functions only write them down; `postlib.lab` carries them out.
"""

from __future__ import annotations

from typing import Any

Act = dict[str, Any]


def publish(name: str, rrtype: str, *values: str, ttl: int = 3600, add: bool = False) -> Act:
    """Make `values` the records of that name and type; with `add`, put them beside what is there. `name` is absolute."""
    act: Act = {"act": "publish", "name": name, "type": rrtype, "values": list(values), "ttl": ttl}
    return act | {"add": True} if add else act


def withdraw(name: str, rrtype: str, *values: str) -> Act:
    """Take the records of that name and type away: all, or only `values`."""
    return {"act": "withdraw", "name": name, "type": rrtype, "values": list(values)}


def sign(zone: str, **settings: Any) -> Act:
    """Sign the zone (`denial`: nsec or nsec3, `iterations`, `salt`, `opt_out`; `algorithm` and `bits` for a new key).

    With `signed=False` take the signatures away.
    """
    return {"act": "sign", "zone": zone, **settings}


def registry(domain: str, **changes: Any) -> Act:
    """Change what the parent zone says of `domain`: `ns` (host names), `glue` (host to addresses), `ds` (texts, or "match").

    An empty list withdraws what there is. `digest` is the digest type of the matching DS, `slip` how it is copied wrongly.
    """
    return {"act": "registry", "domain": domain, **changes}


def mail(domain: str, **settings: Any) -> Act:
    """Change how the domain's mail servers behave."""
    return {"act": "mail", "domain": domain, **settings}


def web(host: str, **settings: Any) -> Act:
    """Change how the web server of `host` behaves."""
    return {"act": "web", "host": host, **settings}


def advance(seconds: float) -> Act:
    """Let the lab's clock go forward."""
    return {"act": "advance", "seconds": seconds}


def dkim(domain: str, selector: str, **settings: Any) -> Act:
    """Make the lab's key of that selector (`kind`, `bits`), publish its record and, unless `signs=False`, sign with it from now on.

    `revoked=True` publishes an empty key instead (RFC 6376, section 3.6.1); `removed=True` takes it away. `flags` (t=), `services` (s=)
    and `hashes` (h=), lists of words, are tags of the record.
    """
    return {"act": "dkim", "domain": domain, "selector": selector, **settings}


def serve(host: str, **changes: Any) -> Act:
    """Change a name server: a `habit` (one of `postlib.lab.dns.habits`, or none); zones it `drops`, `holds` again, `keeps` old."""
    return {"act": "serve", "host": host, **changes}


def reset(domain: str) -> Act:
    """Start one domain again, as the world made it."""
    return {"act": "reset", "domain": domain}


def load(zone: str, text: str) -> Act:
    """Replace a zone's records by those of a master file."""
    return {"act": "load", "zone": zone, "text": text}


def send(author: str, recipient: str, subject: str = "A letter", body: str = "Good day.", **how: Any) -> Act:
    """Send one letter: `name` is shown beside the author's address, and `via`, `envelope`, `helo`, `signed_by`, `headers`
    (pairs of name and value) say how it goes; `campaign` names the campaign that it is part of."""
    return {"act": "send", "author": author, "recipient": recipient, "subject": subject, "body": body, **how}


def stage(name: str) -> Act:
    """Mark a place in the journal; nothing changes."""
    return {"act": "stage", "name": name}
