"""What a lab's web server shows: pages, and the one page that answers a request (RFC 9110). No sockets here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from postlib.lab import habits
from postlib.lab.personality import NO_TLS, PERSONALITIES

Headers = tuple[tuple[str, str], ...]
TEXT: Headers = (("Content-Type", "text/plain; charset=utf-8"),)
FRAMING = {"content-length", "transfer-encoding", "connection", "date"}  # the server's own headers
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")  # RFC 9110, section 5.5, without obs-text
_BODILESS = (204, 304)  # RFC 9110, section 6.4.1


@dataclass(frozen=True)
class Page:
    """One answer: status 200 to 599, headers (the framing ones and Date are the server's), and the body's octets."""

    status: int = 200
    headers: Headers = TEXT
    body: bytes = b""

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise ValueError(f"{self.status} is no status of a final answer")
        if self.body and self.status in _BODILESS:
            raise ValueError(f"an answer with status {self.status} has no body")
        for name, value in self.headers:
            if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value) or name.lower() in FRAMING:
                raise ValueError(f"a page cannot have the header {name!r}: {value!r}")


@dataclass(frozen=True)
class Site:
    """A web site. `pages` maps paths without a query to pages; `hosts` are the names it answers to, in lower case.

    `hsts` is the value of Strict-Transport-Security ("" for none); with `redirect`, http answers 301 to https;
    with `hsts_over_http` the header is sent there too, as by a server that adds it everywhere. A `habit` is what its machine
    does in place of all that (postlib.lab.habits).
    """

    hosts: tuple[str, ...]
    pages: Mapping[str, Page] = field(default_factory=dict)
    hsts: str = ""
    redirect: bool = True
    personality: str = "good"
    hsts_over_http: bool = False
    habit: str = ""

    def __post_init__(self) -> None:
        if self.personality != NO_TLS and self.personality not in PERSONALITIES:
            raise ValueError(f"no web personality {self.personality!r}, only {', '.join([NO_TLS, *PERSONALITIES])}")
        if self.habit and self.habit not in habits.WEB:
            raise ValueError(f"a habit of a web server is one of {', '.join(habits.WEB)}, not {self.habit!r}")
        if self.hsts and not _VALUE.fullmatch(self.hsts):
            raise ValueError(f"{self.hsts!r} cannot be a header's value")
        if not self.hosts or any(host != host.lower() or host.endswith(".") for host in self.hosts):
            raise ValueError(f"the hosts of a site are names in lower case without a final dot, not {self.hosts!r}")


@dataclass(frozen=True)
class Visit:
    """One request as the server saw it. `tls` is the version ("TLSv1.3"), "" over plain http."""

    time: datetime
    source: str
    host: str
    path: str
    status: int
    method: str = "GET"
    tls: str = ""


def answer(site: Site | None, method: str, host: str, target: str, *, secure: bool) -> Page:
    """The page for one request. `site` is None where no site of that host is served here."""
    if method not in ("GET", "HEAD"):
        return _brief(405, "Method Not Allowed", ("Allow", "GET, HEAD"))
    if site is None:  # 421: this connection is not for that host (RFC 9110, section 15.5.20)
        return _brief(421, "Misdirected Request") if secure else _brief(404, "Not Found")
    if site.redirect and not secure:
        page = _brief(301, "Moved Permanently", ("Location", f"https://{host}{target}"))
    else:
        page = site.pages.get(target.partition("?")[0], _brief(404, "Not Found"))
    if site.hsts and (secure or site.hsts_over_http):  # over plain http it is a fault (RFC 6797, section 7.2)
        page = replace(page, headers=(*page.headers, ("Strict-Transport-Security", site.hsts)))
    return page


def _brief(status: int, words: str, *headers: tuple[str, str]) -> Page:
    return Page(status, (*TEXT, *headers), f"{status} {words}\n".encode())
