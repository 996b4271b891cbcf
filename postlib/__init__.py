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
    from postlib.network import Network as Network
    from postlib.policies import Profile as Profile
    from postlib.scan import acheck as acheck
    from postlib.scan import ascan as ascan
    from postlib.scan import check as check
    from postlib.scan import scan as scan

_PLACES = {
    "Finding": "finding",
    "Network": "network",
    "Profile": "policies",
    "Status": "finding",
    "Verdict": "finding",
    "acheck": "scan",
    "ascan": "scan",
    "check": "scan",
    "scan": "scan",
    "visit": "lab.internet",
}
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module 'postlib' has no name {name!r}")
    module = import_module(f"postlib.{_PLACES[name]}")
    for public in (public for public, place in _PLACES.items() if place == _PLACES[name]):
        globals()[public] = getattr(module, public)  # also over the submodule `scan`, which importing has put there
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "IPython" in sys.modules:
    from postlib.display import register

    register()
    del register
