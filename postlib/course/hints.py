"""Three free hints a lab, in order: where to look, which rule, a worked twin. They come from hints/<lab>.yaml.

    where: Look at the SPF record as a tree …
    rule: At most ten terms may ask the DNS …
    twin: |
      Valdoria Post had the same trouble …
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources

import yaml

from postlib.course import learner_file, notes
from postlib.course.questions import fields, text_of
from postlib.display.shown import Shown
from postlib.words import counted, phrase

KINDS = ("where", "rule", "twin")  # in the order in which they are given


def hint(lab: str, number: int | None = None) -> Shown:
    """The next hint of a lab, or the one with this number. Hints cost nothing; that one was taken is noted.

    Raises ValueError, in one sentence, for an unknown lab and for a number other than 1, 2 and 3.
    """
    written = of(lab)
    if number is not None and (not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= len(KINDS)):
        raise ValueError(f"{lab} has the hints 1 to {len(KINDS)}, and not {number!r}")
    used = learner_file.read()[0]["hints"].get(lab, [])
    chosen = number or next((one for one in range(1, len(KINDS) + 1) if one not in used), len(KINDS))
    told = learner_file.change(notes.hinted(lab, chosen))
    left = len(KINDS) - len({*used, chosen})
    after = counted("hint.left", left) if left else phrase("hint.all", call=f'hint("{lab}", 1)')
    head = phrase(f"hint.{KINDS[chosen - 1]}", number=chosen)
    return Shown("\n".join(line for line in (head, written[KINDS[chosen - 1]], after, told) if line))


@cache
def labs() -> tuple[str, ...]:
    """The labs that have hints."""
    files = resources.files("postlib.course").joinpath("hints").iterdir()
    return tuple(sorted(part.name.removesuffix(".yaml") for part in files if part.name.endswith(".yaml")))


@cache
def of(lab: str) -> Mapping[str, str]:
    """The three hints of a lab, by kind. Raises ValueError for an unknown lab, and for a file that is not written so."""
    if lab not in labs():
        near = get_close_matches(str(lab), labs(), 1) or labs()
        raise ValueError(f"there are no hints for {lab!r}; there are some for {', '.join(near)}")
    given = yaml.safe_load(resources.files("postlib.course").joinpath("hints", f"{lab}.yaml").read_text(encoding="utf-8"))
    fields(f"hints of {lab}", given, KINDS, ())
    return {kind: text_of(f"hints of {lab}", given, kind) for kind in KINDS}
