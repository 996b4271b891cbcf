"""A mail conversation as a figure: two machines, who says what in which order, and below it the envelope beside the message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from postlib import words
from postlib.display.conversation import Conversation, transcript
from postlib.display.drawing import BLUE, BLUE_LINE, GREEN, MONO, RED, VIOLET, VIOLET_LINE, arrow, box, drawing, fitted, line, mark, said
from postlib.display.markup import Markup, joined, tag
from postlib.display.style import STYLE
from postlib.words import phrase

WIDE, LEFT, RIGHT, NOTES = 880, 110, 600, 640  # the figure, the two machines, and where the notes begin
ROW, HEAD = 27, 62
MOST = 60  # steps drawn: ours, several times an ordinary conversation; the table has all
OUTLINES = {BLUE: BLUE_LINE, VIOLET: VIOLET_LINE}
SHOWN = ("From", "To", "Subject")  # of the message: what a mail program shows


@dataclass(frozen=True)
class Rung:
    """One step: who speaks (client, server, tls, message), what is said, and a note with the colour of its ground, "" for plain words."""

    speaker: str
    text: str
    note: str = ""
    ground: str = ""


def html(delivery: Any) -> Markup:
    """A Delivery for a notebook's cell: the figure, and the same as a table."""
    told = transcript(delivery)
    table = tag("details", tag("summary", phrase("figure-table")), told.html())
    heading = tag("p", tag("strong", told.caption))
    return tag("div", tag("style", Markup(STYLE)), heading, svg(delivery), table, class_="postlib", lang=words.chosen().language)


def svg(delivery: Any) -> Markup:
    """The figure alone."""
    told = transcript(delivery)
    rungs, fields = tuple(_rungs(told, delivery)), _fields(told)
    shown, client, server = rungs[:MOST], *_machines(told)
    cut = [Rung("tls", phrase("ladder-cut", count=len(rungs) - MOST))] if len(rungs) > MOST else []
    bottom = HEAD + ROW * (len(shown) + len(cut)) + 14
    steps = [piece for index, rung in enumerate([*shown, *cut]) for piece in _drawn(rung, HEAD + ROW * (index + 1))]
    machines = joined(_machine(LEFT, client, "ladder-client", bottom), _machine(RIGHT, server, "ladder-server", bottom))
    return drawing(WIDE, bottom + 118, _alternative(told, rungs, delivery), machines, *steps, _papers(fields, bottom + 14))


def _rungs(told: Conversation, delivery: Any) -> Iterator[Rung]:
    """The steps: a reply of several lines is one, and so is the message."""
    first, last = told.message
    index, end = 0, len(told.lines)
    while index < end:
        speaker, text = told.lines[index]
        if index == first < last:
            yield _message(told)
            index = last
            continue
        until = _reply_end(told, index) if speaker == "server" else index
        text = phrase("ladder-lines", line=text.replace("-", " ", 1), more=until - index) if until > index else text
        yield Rung(speaker, text, *_note(told, delivery, index))
        index = until + 1


def _message(told: Conversation) -> Rung:
    count = told.message[1] - told.message[0]
    if told.author < 0:
        return Rung("message", phrase("ladder-message", count=count), "", VIOLET)
    text = phrase("ladder-lines", line=told.lines[told.author][1], more=count - 1)
    return Rung("message", text, phrase("author-address"), VIOLET)


def _reply_end(told: Conversation, index: int) -> int:
    """The last line of the reply that begins there (RFC 5321, section 4.2.1: a hyphen follows the code of all but the last)."""
    while index + 1 < len(told.lines) and told.lines[index][1][3:4] == "-" and told.lines[index + 1][0] == "server":
        index += 1
    return index


def _note(told: Conversation, delivery: Any, index: int) -> tuple[str, str]:
    speaker, text = told.lines[index]
    if speaker == "client" and text.upper().startswith(("EHLO", "HELO")):
        return phrase("ladder-helo"), ""
    if speaker == "client" and text.upper().startswith("RCPT TO:"):
        return phrase("ladder-recipient"), ""
    if speaker == "server" and _decided(told, delivery) == index:
        return words.spoken("outcome", delivery.outcome), GREEN if delivery.outcome == "accepted" else RED
    note = told.note(index)
    return note, BLUE if note else ""


def _decided(told: Conversation, delivery: Any) -> int:
    """The line that the outcome hangs on: the last of the reply that decided; -1 where there is none."""
    if delivery.reply is None:
        return -1
    code = str(delivery.reply.code)
    same = [index for index, (who, text) in enumerate(told.lines) if who == "server" and text.startswith(code)]
    behind = [index for index in same if index >= told.message[1]]
    return (behind or same or [-1])[0 if behind else -1]


def _drawn(rung: Rung, y: float) -> Iterator[Markup]:
    if rung.speaker == "tls":
        text = phrase("ladder-tls", cipher=rung.text) if rung.text.startswith("TLS") else rung.text
        yield line(LEFT, y - 4, RIGHT, y - 4, stroke_dasharray="2 4")
        yield said((LEFT + RIGHT) / 2, y - 9, text, RIGHT - LEFT - 20, end="middle", font_style="italic")
        return
    replies, room = rung.speaker == "server", RIGHT - LEFT - 40
    start, stop = (RIGHT, LEFT) if replies else (LEFT, RIGHT)
    yield arrow(start, stop, y + 3)
    if rung.ground and not replies:
        yield box(LEFT + 14, y - 17, 12 + MONO * len(fitted(rung.text, room, MONO)), 18, stroke=OUTLINES[rung.ground], stroke_width="2")
    yield said(RIGHT - 12 if replies else LEFT + 20, y - 3, rung.text, room, fixed=True, end="end" if replies else "")
    if rung.note:
        yield mark(NOTES, y + 2, rung.note, rung.ground) if rung.ground else said(NOTES, y + 2, rung.note, WIDE - NOTES)


def _machine(x: float, name: str, role: str, bottom: float) -> Markup:
    pieces = [
        box(x - 105, 4, 210, 42),
        said(x, 21, name, 200, fixed=True, end="middle", font_weight="600"),
        said(x, 38, phrase(role), end="middle"),
        line(x, 46, x, bottom, stroke_opacity="0.6"),
    ]
    return joined(*pieces)


def _papers(fields: dict[str, str], y: float) -> Markup:
    """The two papers side by side: what machines see of a letter, and what people see."""
    rows = [(key, fields.get(key, "")) for key in ("MAIL FROM", "RCPT TO")], [(key, fields.get(key, "")) for key in SHOWN]
    envelope = _paper(5, y, phrase("ladder-envelope-box"), rows[0], BLUE)
    return joined(envelope, _paper(WIDE / 2 + 5, y, phrase("ladder-message-box"), rows[1], VIOLET))


def _paper(x: float, y: float, title: str, rows: list[tuple[str, str]], colour: str) -> Markup:
    width = WIDE / 2 - 10
    pieces = [box(x, y, width, 96, stroke=OUTLINES[colour], stroke_width="2"), mark(x + 8, y + 20, title, colour)]
    for index, (key, value) in enumerate(rows):
        text = fitted(f"{key}: {value or phrase('figure-nothing')}", width - 24, MONO)
        pieces.append(said(x + 12, y + 44 + 21 * index, text, fixed=True))
    return joined(*pieces)


def _fields(told: Conversation) -> dict[str, str]:
    """What the envelope and the message's header say. The last envelope counts, and the first field of a name."""
    found: dict[str, str] = {}
    first, last = told.message
    for index, (speaker, text) in enumerate(told.lines):
        key, colon, value = text.partition(":")
        if speaker != "client" or not colon:
            continue
        if not first <= index < last and key.upper() in ("MAIL FROM", "RCPT TO"):
            found[key.upper()] = value.partition(">")[0].removeprefix("<").strip() or "<>"
    head = next((index for index in range(first, last) if not told.lines[index][1]), last)
    for _, text in reversed(told.lines[first:head]):
        key, colon, value = text.partition(":")
        found |= {name: value.strip() for name in SHOWN if colon and key.lower() == name.lower()}
    return found


def _machines(told: Conversation) -> tuple[str, str]:
    """What the two call themselves: in EHLO, and in the greeting."""
    client = next((text[5:] for who, text in told.lines if who == "client" and text.upper().startswith(("EHLO ", "HELO "))), "")
    greeting = next((text[4:] for who, text in told.lines if who == "server"), "")
    return client or phrase("client"), greeting.partition(" ")[0] or phrase("server")


def _alternative(told: Conversation, rungs: tuple[Rung, ...], delivery: Any) -> str:
    client, server = _machines(told)
    fields = _fields(told)
    envelope, author = (fields.get(key, phrase("figure-nothing")) for key in ("MAIL FROM", "From"))
    outcome = words.spoken("outcome", delivery.outcome)
    said_ = {"count": len(rungs), "client": client, "server": server, "outcome": outcome}
    return phrase("ladder-alt", envelope=f"MAIL FROM {envelope}", author=f"From {author}", **said_)
