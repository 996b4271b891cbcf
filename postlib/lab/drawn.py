"""Operators drawn from a seed: names of countries that are nowhere on a map, and a fault or two for some of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

BEGINNINGS = ("Tav", "Mor", "Quen", "Sel", "Bran", "Ost", "Vel", "Hal", "Ner", "Pol", "Zar", "Lim", "Gor", "Fen", "Rud", "Dal")
MIDDLES = ("a", "e", "i", "o", "u", "ar", "el", "in", "or", "un")
ENDINGS = ("via", "nia", "land", "mark", "dor", "ria", "stan", "tia")


def drawn(plan: Mapping[str, Any], seed: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """`count` hosted operators: domain and what an entry says of it.

    About half of them have one or two of the plan's `faults`, no two of one group: faults of a group replace each other.
    """
    chance, names = Random(f"drawn/{seed}"), dict[str, None]()
    while len(names) < plan["count"]:
        names[chance.choice(BEGINNINGS) + chance.choice(MIDDLES) + chance.choice(ENDINGS)] = None
    for country in names:
        groups = chance.sample(plan["faults"], chance.choice((0, 0, 1, 2)))
        faults = [chance.choice(group) for group in groups]
        yield f"{country.lower()}.post", {"kind": "hosted", "country": country, "provider": plan["provider"], "faults": faults}
