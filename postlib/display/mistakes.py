"""Every mistake ends in one sentence: what IPython shows when a cell ends in an error, in a kernel where postlib is imported.

The cell still ends in error, with the same kind and message, so that graders and CI see it; its traceback is the sentence. The ordinary
traceback follows, folded. It goes through IPython's own `set_custom_exc`, which sees what a cell raises and what of it cannot be read.
`POSTLIB_MISTAKES=off` in the environment leaves IPython as it is.
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from contextlib import suppress
from types import TracebackType
from typing import Any

from postlib.display.harmless import cut

CAUGHT = (Exception, KeyboardInterrupt)
SWITCH = "POSTLIB_MISTAKES"
LONGEST = 1000  # characters of a sentence; ours: what a record may add to it
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def register(shell: Any) -> bool:
    """Let IPython's `shell` explain mistakes. Returns whether it does; leaves alone one where somebody else has a handler."""
    if os.environ.get(SWITCH) == "off":
        return False
    if not shell.custom_exceptions:
        shell.set_custom_exc(CAUGHT, shown)
        shell.events.register("pre_run_cell", lambda info: _begins(shell))
    return shell.custom_exceptions is CAUGHT


def shown(shell: Any, kind: type[BaseException], error: BaseException, tb: TracebackType | None, tb_offset: int | None = None) -> None:
    """IPython calls this where it would have shown a traceback. If anything goes wrong here, it still does."""
    try:
        lines, folded = _made(shell, error, tb)
    except CAUGHT as ours:
        lines, folded = [], None
        error.add_note(f"(postlib could not put this into a sentence: {type(ours).__name__}: {ours})")
    if not lines:
        shell.showtraceback((kind, error, tb), tb_offset=tb_offset)
        return
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, tb  # for %tb and %debug
    shell._showtraceback(kind, error, lines)  # IPython's own way to show one; a kernel sends it to the front end
    if folded is not None:
        shell.display_pub.publish(folded)


def _begins(shell: Any) -> None:
    """A cell begins. What goes wrong here is no matter of its: it only leaves a sentence out."""
    if "postlib.lab.internet" not in sys.modules:  # then there is no Internet yet, and a kernel need not wait for what reads words
        return
    from postlib.display import happened

    with suppress(*CAUGHT):
        happened.begin(shell.user_ns)


def _made(shell: Any, error: BaseException, tb: TracebackType | None) -> tuple[list[str], dict[str, str] | None]:
    """The lines of the error's traceback, none for an error that IPython shows better, and what is shown folded below it."""
    from postlib.display import cells, explain, happened, scene

    if hasattr(error, "_render_traceback_") or type(error).__name__ == "UsageError":  # it has a sentence of its own
        return [], None
    names = shell.user_ns
    steps = scene.steps(tb)
    first = next((number for number, step in enumerate(steps) if step.frame.f_globals is names), len(steps))
    mistake = explain.explained(scene.Scene(error, steps[first:], names, cells.known(names)))
    sentence = " ".join(said for said in (cut(mistake.sentence, LONGEST)[0], happened.said(names, error)) if said)
    if mistake.fault:
        return [*_whole(shell, error, tb), "", sentence], None
    return [sentence], None if isinstance(error, KeyboardInterrupt) else folded(_whole(shell, error, tb))


def _whole(shell: Any, error: BaseException, tb: TracebackType | None) -> list[str]:
    """The ordinary traceback, line by line, without colours."""
    kind = type(error)
    if isinstance(error, SyntaxError):
        made = shell.SyntaxTB.structured_traceback(kind, error, [])
    elif isinstance(error, BaseExceptionGroup):
        made = traceback.format_exception(kind, error, tb)
    else:
        made = shell.InteractiveTB.structured_traceback(kind, error, tb, tb_offset=1)
    return COLOURS.sub("", "\n".join(made)).expandtabs(4).splitlines()


def folded(lines: list[str]) -> dict[str, str]:
    """A traceback that opens with a click, and where there is nothing to click, how to see it."""
    from postlib.display.markup import Markup, escaped, tag
    from postlib.display.style import STYLE
    from postlib.words import chosen, phrase

    text = tag("pre", Markup("\n".join(escaped(line) for line in lines)), dir="ltr", lang="en", style="font-family:monospace")
    opened = tag("details", tag("summary", phrase("mistake.folded")), text)
    page = tag("div", tag("style", Markup(STYLE)), opened, class_="postlib", lang=chosen().language)
    return {"text/plain": phrase("mistake.by-magic"), "text/html": page}
