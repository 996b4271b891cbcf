"""What an operator shows on the web: home page, tracking page, logo, and the MTA-STS policy (RFC 8461, section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from postlib.lab.site import Page, Site
from postlib.lab.state import State

HTML = (("Content-Type", "text/html; charset=utf-8"),)
TEXT = (("Content-Type", "text/plain"),)
ONE_YEAR = 31_536_000  # seconds; RFC 8461 caps max_age at this, and HSTS profiles ask for at least as much
STS_PATH = "/.well-known/mta-sts.txt"


def website(state: State, domain: str, country: str, exchanger: str = "") -> None:
    """The operator's sites: its domain and www, and mta-sts with the policy that names its mail exchanger (its own mx1 unless given)."""
    tracking = _page("Track your item", "Enter the 13 characters of your item.")
    pages = {"/": _page(f"{country} Post", "Letters, parcels, stamps."), "/track": tracking}
    www = Site((domain, f"www.{domain}"), pages, hsts=f"max-age={ONE_YEAR}; includeSubDomains")
    policy = {STS_PATH: Page(headers=TEXT, body=sts_policy("enforce", (exchanger or f"mx1.{domain}",)))}
    for site in (www, Site((f"mta-sts.{domain}",), policy, redirect=False)):
        state.sites |= dict.fromkeys(site.hosts, site)


def sts_policy(mode: str, exchangers: tuple[str, ...], max_age: int = 7 * 86_400) -> bytes:
    """The text of an MTA-STS policy file."""
    fields = ["version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in exchangers), f"max_age: {max_age}"]
    return "".join(f"{line}\r\n" for line in fields).encode()


def change(state: State, host: str, *, pages: Mapping[str, Any] | None = None, **settings: Any) -> None:
    """Change the site of a host: its settings, or single pages as {path: body or None}. Raises ValueError."""
    site = state.sites.get(host)
    if site is None:
        raise ValueError(f"{host} has no web site in this lab")
    shown = dict(site.pages)
    for path, body in (pages or {}).items():
        if body is None:
            shown.pop(path, None)
        else:
            shown[path] = Page(headers=TEXT if path.endswith(".txt") else HTML, body=str(body).encode())
    site = replace(site, pages=shown, **settings)
    state.sites |= dict.fromkeys(site.hosts, site)


def _page(title: str, text: str) -> Page:
    body = f'<!doctype html>\n<html lang="en"><title>{title}</title><h1>{title}</h1><p>{text}</p></html>\n'
    return Page(headers=HTML, body=body.encode())
