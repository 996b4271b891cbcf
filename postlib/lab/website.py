"""What an operator shows on the web: home page, tracking page, logo, and the MTA-STS policy (RFC 8461, section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape

from postlib.lab.site import Page, Site
from postlib.lab.spelling import meant
from postlib.lab.state import State

HTML = (("Content-Type", "text/html; charset=utf-8"),)
SVG = (("Content-Type", "image/svg+xml"),)
TEXT = (("Content-Type", "text/plain"),)
ONE_YEAR = 31_536_000  # seconds; RFC 8461 caps max_age at this, and HSTS profiles ask for at least as much
STS_PATH = "/.well-known/mta-sts.txt"


def website(state: State, domain: str, country: str, exchanger: str = "") -> None:
    """The operator's sites: its domain and www, and mta-sts with the policy that names its mail exchanger (its own mx1 unless given)."""
    tracking = _page("Track your item", "Enter the 13 characters of your item.")
    pages = {"/": _page(f"{country} Post", "Letters, parcels, stamps."), "/track": tracking, "/bimi.svg": _logo(country)}
    www = Site((domain, f"www.{domain}"), pages, hsts=f"max-age={ONE_YEAR}; includeSubDomains")
    policy = {STS_PATH: Page(headers=TEXT, body=sts_policy("enforce", (exchanger or f"mx1.{domain}",)))}
    for site in (www, Site((f"mta-sts.{domain}",), policy, redirect=False)):
        state.sites |= dict.fromkeys(site.hosts, site)


def sts_policy(mode: str, exchangers: tuple[str, ...], max_age: int = 7 * 86_400) -> bytes:
    """The text of an MTA-STS policy file."""
    fields = ["version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in exchangers), f"max_age: {max_age}"]
    return "".join(f"{line}\r\n" for line in fields).encode()


def change(state: State, host: str, *, pages: Mapping[str, Any] | None = None, **settings: Any) -> None:
    """Change the site of a host: its settings, or single pages as {path: page}. Raises ValueError or TypeError.

    A page is None (take it away), its text, or {"status": 301, "headers": {"Location": "…"}, "body": "…"}.
    """
    site = state.sites.get(host)
    if site is None:
        raise no_site(state, host)
    shown = dict(site.pages)
    for path, page in (pages or {}).items():
        if page is None:
            shown.pop(path, None)
        else:
            shown[path] = _shown(path, **(page if isinstance(page, Mapping) else {"body": str(page)}))
    site = replace(site, pages=shown, **settings)
    state.sites |= dict.fromkeys(site.hosts, site)


def no_site(state: State, host: str) -> ValueError:
    """The error for a host without a site: it says which of the domain's hosts have one, or which of all may be meant."""
    domain = host.partition(".")[2]
    own = [known for known in state.sites if known in (host, domain) or known.endswith((f".{host}", f".{domain}"))] if "." in domain else []
    return ValueError(f"{host} has no web site in this lab{meant(host, own or state.sites)}")


def _shown(path: str, *, status: int = 200, headers: Mapping[str, str] | None = None, body: str = "") -> Page:
    """A page from what an act says of it; without headers its type follows from the path."""
    usual = TEXT if path.endswith(".txt") else HTML
    return Page(status, usual if headers is None else tuple(headers.items()), body.encode())


def _page(title: str, text: str) -> Page:
    body = f'<!doctype html>\n<html lang="en"><title>{title}</title><h1>{title}</h1><p>{text}</p></html>\n'
    return Page(headers=HTML, body=body.encode())


def _logo(country: str) -> Page:
    """A logo in SVG Tiny PS, the profile that BIMI asks for: square, with a title, nothing that moves or loads."""
    start = '<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 100 100">'
    title = f"<title>{escape(country)} Post</title>"
    envelope = '<rect width="100" height="100" fill="#1f4e79"/><path d="M15 30h70v40h-70zl35 25 35-25" fill="#fff" stroke="#1f4e79"/>'
    return Page(headers=SVG, body=f"{start}{title}{envelope}</svg>\n".encode())
