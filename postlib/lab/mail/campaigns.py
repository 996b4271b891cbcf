"""Attackers that act: a campaign is a few letters in an operator's name, sent from the attackers' own machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from postlib.lab.mail.letter import Letter
from postlib.lab.mail.sender import Sent


@dataclass(frozen=True)
class Campaign:
    """A campaign as it was played: in whose name, and what became of each letter."""

    name: str
    title: str
    target: str
    sent: tuple[Sent, ...]

    @property
    def arrived(self) -> int:
        """How many letters a person finds in the inbox."""
        return sum(sent.arrived for sent in self.sent)

    @property
    def outcomes(self) -> dict[str, str]:
        """Recipient to outcome: inbox, spam, refused …"""
        return {sent.recipient: sent.outcome for sent in self.sent}

    def __repr__(self) -> str:
        return f"Campaign({self.name!r}, {self.target!r}, {self.outcomes})"


@cache
def campaigns() -> Mapping[str, Mapping[str, Any]]:
    """All campaigns, by name."""
    text = resources.files("postlib.lab").joinpath("campaigns", "attacks.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, Any]] = yaml.safe_load(text)
    return loaded


def plan(name: str, target: str, country: str) -> tuple[str, list[tuple[Letter, dict[str, Any]]]]:
    """A campaign's title, and its letters with the way each is sent. Raises ValueError, with the names there are, for another name."""
    try:
        told = campaigns()[name]
    except KeyError:
        raise ValueError(f"there is no campaign {name!r}; the campaigns are: {', '.join(campaigns())}") from None
    words = {key: told[key].format(target=target, country=country) for key in ("author", "name", "envelope", "subject", "body")}
    how = {"via": told["via"], "envelope": words["envelope"], "signed_by": told.get("signed_by", "")}
    letters = [Letter(words["author"], recipient, words["subject"], words["body"], words["name"]) for recipient in told["recipients"]]
    return told["title"], [(letter, how) for letter in letters]
