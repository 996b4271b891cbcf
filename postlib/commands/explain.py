"""`postlib explain`: a check's rule, where it is written, why it matters, what to do when it fails, which lesson teaches it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postlib.commands.asked import BadInput, Edition, in_one_sentence

if TYPE_CHECKING:
    from postlib.policies import Profile
    from postlib.probe import Check


def explain(
    check: Annotated[
        str, typer.Argument(help="The check, for example spf.one-record, or a family of checks, for example spf.", metavar="[CHECK]")
    ] = "",
    profile: Edition = "course",
) -> None:
    """Say what a check is about: its rule, its source, why it matters, what to do. Without CHECK: list them all."""
    from postlib import policies
    from postlib.probes import checks

    with in_one_sentence():
        edition = policies.profile(profile)
    known, asked = checks(), check.strip().lower().rstrip(".")
    family = {name: one for name, one in known.items() if not asked or name.startswith(f"{asked}.")}
    if not family and asked not in known:
        near = difflib.get_close_matches(asked, {*known, *(name.partition(".")[0] for name in known)}, 1)
        raise BadInput(f"there is no check {check!r}" + (f"; did you mean {near[0]}?" if near else "; `postlib explain` lists them all"))
    typer.echo("\n".join(one(known[asked], edition) if asked in known else listed(family, edition)))


def listed(known: dict[str, Check[Any]], edition: Profile) -> Iterator[str]:
    """Every check of the profile, by policy, and then those that it leaves out; columns as wide as their widest cell."""
    from postlib import words

    left = dict(known)
    level = {name: words.spoken("level", edition.level(name).value) for name in known}
    wide = (max(map(len, known)), max(map(len, level.values())))
    lines = {name: f"  {name:{wide[0]}}  {level[name]:{wide[1]}}  {check.rule}" for name, check in known.items()}
    for policy in edition.policies:
        mine = [lines[left.pop(check).id] for check in policy.checks if check in left]
        yield from [policy.title, *mine, ""] if mine else []
    if left:
        yield from [words.phrase("other-checks"), *(lines[check] for check in left), ""]


def one(check: Check[Any], edition: Profile) -> Iterator[str]:
    """All that is known of one check."""
    from postlib import words

    yield check.id
    yield check.rule
    yield ""
    yield words.phrase("reference", reference=check.reference)
    yield words.phrase("level", title=edition.title, level=words.spoken("level", edition.level(check.id).value))
    if words.why(check.id):
        yield words.phrase("why", why=words.why(check.id))
    if check.lesson:
        yield words.phrase("taught", lesson=check.lesson)
    templates = dict.fromkeys(templates_of(check.remedy, words.chosen().shared["remedies"].keys()))
    if templates:
        yield words.phrase("remedies" if len(templates) > 1 else "remedy")
        yield from (f"  - {words.template(template)}".replace("\n", "\n    ") for template in templates)


def templates_of(remedy: Any, known: Any, depth: int = 2) -> Iterator[str]:
    """The templates that a remedy's function names, itself or through a function of its own module that it calls."""
    remedy = getattr(remedy, "func", remedy)  # functools.partial
    if not isinstance(remedy, FunctionType):
        return
    yield from (constant for constant in remedy.__code__.co_consts if isinstance(constant, str) and constant in known)
    called = (remedy.__globals__.get(name) for name in remedy.__code__.co_names)
    for function in called if depth else ():
        if isinstance(function, FunctionType) and function.__module__ == remedy.__module__:
            yield from templates_of(function, known, depth - 1)
