"""An Internet in a box, probes, and a course. People's calls take the subject first:

    from postlib import check, visit

    internet = visit("union")          # the whole Internet, on this machine only
    check("auroria.post", internet)    # which checks failed, what was seen, what to do

Names are imported when they are first used, so that `import postlib` is quick.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from postlib.course.asking import predict as predict
    from postlib.course.asking import question as question
    from postlib.course.begun import again as again
    from postlib.course.correspondence import letter as letter
    from postlib.course.hints import hint as hint
    from postlib.course.judging import judge as judge
    from postlib.course.places import at as at
    from postlib.finding import Finding as Finding
    from postlib.finding import Status as Status
    from postlib.finding import Verdict as Verdict
    from postlib.lab.internet import visit as visit
    from postlib.look import acheck as acheck
    from postlib.look import ascan as ascan
    from postlib.look import check as check
    from postlib.look import scan as scan
    from postlib.network import Network as Network
    from postlib.policies import Profile as Profile

_PLACES = {
    "Finding": "finding",
    "Network": "network",
    "Profile": "policies",
    "Status": "finding",
    "Verdict": "finding",
    "acheck": "look",
    "again": "course.begun",
    "ascan": "look",
    "at": "course.places",
    "check": "look",
    "hint": "course.hints",
    "judge": "course.judging",
    "letter": "course.correspondence",
    "predict": "course.asking",
    "question": "course.asking",
    "scan": "look",
    "visit": "lab.internet",
}
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used."""
    if name not in _PLACES:
        from difflib import get_close_matches  # for a mistake alone

        near = get_close_matches(name, __all__, 1)
        raise AttributeError(f"postlib has no {name}{f'; did you mean {near[0]}?' if near else ': dir(postlib) lists what it has'}")
    value = globals()[name] = getattr(import_module(f"postlib.{_PLACES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "IPython" in sys.modules:
    from postlib.display import register

    register()
    del register
