"""What is said to a learner: the same words as text everywhere, and a widget beside them where a notebook can show one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from postlib.display.markup import Markup, joined, tag
from postlib.display.style import STYLE
from postlib.words import chosen

VIEW = "application/vnd.jupyter.widget-view+json"
SET_IN = "white-space:pre-wrap"


class Shown:
    """Words for a learner. As text it is its words; in a notebook that has widgets it is the widget, and the words stay beside it.

    `made` makes the widget, and is called when the widget is first shown. Without it the words are shown as paragraphs;
    `html` takes their place where there is more than paragraphs.
    """

    def __init__(self, words: str, made: Callable[[], Any] | None = None, html: Markup | None = None) -> None:
        self.words = words.rstrip("\n")
        self._made = made
        self._html = html
        self._widget: Any = None

    def __repr__(self) -> str:
        return self.words

    def widget(self) -> Any:
        """The widget, the same one each time; None for words alone."""
        if self._widget is None and self._made is not None:
            self._widget = self._made()
        return self._widget

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The forms that Jupyter chooses from; text/plain has all the words, for screen readers, exports and terminals."""
        bundle: dict[str, Any] = {"text/plain": self.words}
        if self._made is None:
            return bundle | {"text/html": paragraphs(self.words) if self._html is None else self._html}
        if has_widgets():
            bundle[VIEW] = self.widget()._repr_mimebundle_()[VIEW]
        return bundle


def paragraphs(words: str) -> Markup:
    """Lines as paragraphs. A line that is set in stays so: it is a value, or part of a list."""
    lines = joined(*(tag("p", line, style=SET_IN if line.startswith(" ") else "") for line in words.splitlines() if line))
    return tag("div", tag("style", Markup(STYLE)), lines, class_="postlib", lang=chosen().language)


def has_widgets() -> bool:
    """Whether this is a notebook's kernel, and widgets are installed. What the other end can show, it chooses itself.

    POSTLIB_WIDGETS=off is for exports to paper or HTML, and for those who like text better.
    """
    if os.environ.get("POSTLIB_WIDGETS", "").lower() in ("off", "0", "no"):
        return False
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None and find_spec("ipywidgets") is not None
