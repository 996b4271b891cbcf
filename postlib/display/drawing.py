"""Pieces of a figure in SVG. Lines and words take the page's own colour, so that a figure fits light, dark and paper.

Only what brings its own ground has colours of its own, 4.5 to 1 or more (WCAG 2.2, 1.4.3). Nothing is told by colour alone.
"""

from __future__ import annotations

from postlib.display.harmless import visible
from postlib.display.markup import Markup, joined, tag

MONO = 7.3  # user units that a letter of 12 in a fixed-width font takes, at most
PLAIN = 6.9  # and of 13 in the page's font, on average
BLUE_LINE, VIOLET_LINE = "#3a7fc1", "#9a5fcf"  # the same as outlines: 3 to 1 on white and on black (WCAG 2.2, 1.4.11)
BLUE, VIOLET, GREEN, RED, AMBER, GREY = "#1f4e8c", "#6b2fa0", "#1b6e3c", "#b3261e", "#8a5a00", "#55606d"
FIXED = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"
PAGES = "system-ui,'DejaVu Sans',sans-serif"


def drawing(width: float, height: float, alternative: str, *pieces: str) -> Markup:
    """The whole figure. `alternative` is what a screen reader says in its place."""
    style = "max-width:100%;height:auto;display:block;margin:.4em 0"
    box = {"viewBox": f"0 0 {number(width)} {number(height)}", "width": number(width), "height": number(height), "style": style}
    return tag("svg", *pieces, xmlns="http://www.w3.org/2000/svg", role="img", aria_label=alternative, font_size="13", **box)


def said(x: float, y: float, text: str, room: float = 0, *, fixed: bool = False, end: str = "", **more: str) -> Markup:
    """Words at a place, their baseline at `y`; what is longer than `room` is cut. `end` is middle or end, if they do not begin at `x`."""
    shown = fitted(text, room, MONO if fixed else PLAIN) if room else visible(text)
    font = {"font_family": FIXED, "font_size": "12"} if fixed else {"font_family": PAGES}
    return tag("text", shown, x=number(x), y=number(y), text_anchor=end, **({"fill": "currentColor"} | font | more))


def fitted(text: str, room: float, letter: float) -> str:
    """As much of a text as fits, with dots where something is missing."""
    shown, most = visible(text), max(1, int(room / letter))
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def line(x1: float, y1: float, x2: float, y2: float, **more: str) -> Markup:
    """A straight line."""
    ends = {"x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2)}
    return tag("line", **({"stroke": "currentColor", "stroke_width": "1"} | ends | more))


def arrow(x1: float, x2: float, y: float) -> Markup:
    """A level arrow from `x1` to `x2`."""
    back = x2 - 7 if x2 > x1 else x2 + 7
    head = f"{number(x2)},{number(y)} {number(back)},{number(y - 4)} {number(back)},{number(y + 4)}"
    return joined(line(x1, y, x2, y), tag("polygon", points=head, fill="currentColor"))


def box(x: float, y: float, width: float, height: float, **more: str) -> Markup:
    """A rectangle, an outline unless `fill` says more."""
    place = {"x": number(x), "y": number(y), "width": number(width), "height": number(height), "rx": "4"}
    return tag("rect", **({"fill": "none", "stroke": "currentColor", "stroke_width": "1"} | place | more))


def mark(x: float, y: float, text: str, ground: str) -> Markup:
    """White words on a coloured ground, their baseline at `y`."""
    ground_ = box(x, y - 14, marked(text), 19, fill=ground, stroke="none")
    words = said(x + marked(text) / 2, y, text, end="middle", fill="#ffffff", font_weight="600")
    return joined(ground_, words)


def marked(text: str) -> float:
    """How wide such a mark is."""
    return 14 + len(visible(text)) * 8.4


def number(value: float) -> str:
    """A coordinate, without needless zeros."""
    return f"{value:.1f}".removesuffix(".0")
