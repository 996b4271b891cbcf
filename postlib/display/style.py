"""How HTML looks. The class stands twice in each selector, so that it counts for more than a notebook's own table style.

No colours but the marks, so that it fits light and dark themes; contrasts of 4.5 to 1 or more (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

SHAPES = {"pass": "✔", "fail": "✘", "advised-fail": "✘", "not-applicable": "–", "unknown": "?"}
COLOURS = {  # text, ground: each mark brings both; red is for what is required
    "pass": ("#ffffff", "#1b6e3c"),
    "fail": ("#ffffff", "#b3261e"),
    "advised-fail": ("#ffffff", "#8a5a00"),
    "not-applicable": ("#ffffff", "#55606d"),
    "unknown": ("#1f1a00", "#f2c94c"),
}
PAGE = {"light": ("#1a1a1a", "#ffffff"), "dark": ("#e8e8e8", "#16181b")}

_MARKS = "".join(f".postlib .{kind}{{color:{text};background:{ground}}}" for kind, (text, ground) in COLOURS.items())
STYLE = (
    ".postlib{line-height:1.45;max-width:78em;color:inherit}"
    ".postlib.postlib p{margin:.3em 0}"
    ".postlib.postlib table{border-collapse:collapse;table-layout:auto;width:100%;margin:1em 0 1.6em;font-size:1em}"
    ".postlib.postlib caption{caption-side:top;text-align:left;font-weight:600;font-size:1.1em;padding:.4em 0;color:inherit}"
    ".postlib.postlib th,.postlib.postlib td{text-align:left;vertical-align:top;padding:.5em .7em;color:inherit;background:transparent;"
    "border:0;border-bottom:1px solid rgba(127,127,127,.5);white-space:normal;max-width:none;font-weight:400}"
    ".postlib.postlib thead th,.postlib.postlib .rule{font-weight:600}"
    ".postlib.postlib .findings{table-layout:fixed}"
    ".postlib.postlib .findings th:nth-child(1){width:8em}"
    ".postlib.postlib .findings thead th:nth-child(2){width:25%}"
    ".postlib.postlib .findings thead th:nth-child(3){width:20%}"
    ".postlib.postlib td p:first-child{margin-top:0}"
    ".postlib.postlib h2{font-size:1.3em;margin:1.4em 0 .2em}"
    ".postlib.postlib .mark{display:inline-block;padding:.1em .55em;border-radius:.3em;font-weight:600}"
    ".postlib.postlib .note{display:inline-block;padding:0 .45em;border:1px solid currentColor;border-radius:.3em;font-size:.9em}"
    ".postlib.postlib .small{font-size:.9em;font-weight:400;display:block;margin-top:.25em}"
    ".postlib.postlib code{color:inherit;background:rgba(127,127,127,.13);padding:0 .2em;font-size:.95em;"
    "white-space:pre-wrap;overflow-wrap:anywhere}"
    ".postlib.postlib tbody th code{overflow-wrap:break-word}"  # the name of a row stays whole
    ".postlib.postlib dl{margin:0}.postlib.postlib dt{float:none;width:auto;font-size:.9em;font-weight:400}"
    ".postlib.postlib dd{float:none;width:auto;margin:0 0 .35em}"
    ".postlib.postlib summary{cursor:pointer}"
    ".postlib.postlib .quiet{margin:0 0 1.6em}.postlib.postlib .quiet>summary{padding:.5em .7em;font-weight:600}"
    ".postlib.postlib table.wire th,.postlib.postlib table.wire td{padding:.15em .7em}"
    ".postlib.postlib .talk{table-layout:fixed}"
    ".postlib.postlib .talk thead th:nth-child(1){width:11em}.postlib.postlib .talk thead th:nth-child(3){width:10em}"
    ".postlib.postlib pre{white-space:pre-wrap;overflow-wrap:anywhere;color:inherit;background:transparent}" + _MARKS
)
_SCREEN = "body{{color:{0};background:{1}}}"
PAGE_STYLE = (
    ":root{color-scheme:light dark}body{font-family:system-ui,sans-serif;margin:1.5em auto;max-width:80em;padding:0 1em}"
    + _SCREEN.format(*PAGE["light"])
    + "@media(prefers-color-scheme:dark){"
    + _SCREEN.format(*PAGE["dark"])
    + "}"
    + STYLE
)
