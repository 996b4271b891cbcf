"""Operators that keep no machine of their own: a hosting company has their names, their mail and their web."""

from __future__ import annotations

from importlib import resources
from types import SimpleNamespace

from postlib.lab.mail.settings import MailSettings
from postlib.lab.operator import SELECTORS, publish_keys
from postlib.lab.state import State
from postlib.lab.website import website
from postlib.lab.worlds import Entry
from postlib.lab.zone_template import plant


def hosted(state: State, entry: Entry) -> None:
    """Put a hosted operator on the Internet. Its provider, named in the entry, must be there already."""
    domain, provider = entry.domain, str(entry.settings["provider"])
    zone = state.zone(domain, f"ns1.{provider}", f"ns2.{provider}")
    machines = {label: state.machines[f"{label}.{provider}"] for label in ("www", "mta-sts", "ns1", "ns2")}
    places = {label: SimpleNamespace(v4=m.addresses[0], v6=m.addresses[1]) for label, m in machines.items()}
    template = resources.files("postlib.lab").joinpath("templates", "hosted.txt").read_text(encoding="utf-8")
    plant(zone, template, domain=domain, provider=provider, serial=f"{state.at:%Y%m%d}01", **places)  # type: ignore[arg-type]
    state.mail[domain] = MailSettings(domain, f"mx1.{provider}", SELECTORS)
    publish_keys(state, zone, domain)
    website(state, domain, str(entry.settings.get("country", domain)), exchanger=f"mx1.{provider}")
    machines["www"].guests |= {domain, f"www.{domain}"}
    machines["mta-sts"].guests.add(f"mta-sts.{domain}")
    state.sign(zone, denial="nsec")
    state.delegate(zone, {machines[label].name: machines[label].addresses for label in ("ns1", "ns2")})
