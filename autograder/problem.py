"""What went wrong, in one sentence."""

from __future__ import annotations

import re
from typing import Any

UNSTOPPABLE = "its code could not be stopped when its time was over; read it before you run it"
IN_WORDS = (
    (r"kernel became unresponsive|UnresponsiveKernel", UNSTOPPABLE),
    (r"DeadKernelError", "its code ended the Python that ran it; read it before you run it"),
    (r"(?:sqlalchemy|sqlite3)\S*Error.*locked", "the gradebook was in use by another program for too long; grade it again"),
    (r"there are submissions associated with it", "learners have handed it in already, so its notebooks may not change their names"),
)
LAST = re.compile(r"^ *(?:[\w.]+\.)?(\w+(?:Error|Exception|Entry)): (.+)$", re.MULTILINE)
LONGEST = 300  # characters


class Refused(Exception):
    """What was asked cannot be done. The message is one sentence."""


def reason(done: dict[str, Any]) -> str:
    """Why nbgrader did not succeed, from what its API gave back."""
    said = f"{done.get('log', '')}\n{done.get('error', '')}"
    for pattern, words in IN_WORDS:
        if re.search(pattern, said, re.DOTALL):
            return words
    errors = [found for found in LAST.findall(said) if found[0] != "NbGraderException"] or LAST.findall(said)
    return f"nbgrader stopped with {': '.join(errors[-1])}"[:LONGEST] if errors else "nbgrader stopped and did not say why"
