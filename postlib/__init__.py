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
    "ascan": "look",
    "check": "look",
    "scan": "look",
    "visit": "lab.internet",
}
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module 'postlib' has no name {name!r}")
    value = globals()[name] = getattr(import_module(f"postlib.{_PLACES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "IPython" in sys.modules:
    from postlib.display import register

    register()
    del register
