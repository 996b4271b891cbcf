"""The widgets of a notebook: choices with a button, and what is said below. Only a kernel imports this: ipywidgets is slow to load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets  # type: ignore[import-untyped]

from postlib.display.markup import tag
from postlib.display.shown import paragraphs
from postlib.words import phrase

Answer = tuple[int, ...]
WIDE = "46em"  # a line of choices is no longer than a line of prose


class Choices:
    """One question's choices: radio buttons, or boxes to tick. `box` is the widget, `numbers` what is chosen, from 1."""

    def __init__(self, ask: str, choices: Sequence[str], several: bool = False) -> None:
        self._several = several
        self.parts: tuple[Any, ...] = _ticks(choices) if several else (_radio(choices),)
        note = phrase("ask.tick") if several else ""
        self.box = ipywidgets.VBox([ipywidgets.HTML(paragraphs(f"{ask}\n{note}")), *self.parts])

    @property
    def numbers(self) -> Answer:
        """What is chosen, as numbers from 1."""
        if self._several:
            return tuple(number for number, tick in enumerate(self.parts, 1) if tick.value)
        return () if self.parts[0].index is None else (self.parts[0].index + 1,)

    def choose(self, *numbers: int) -> None:
        """Set what is chosen, as a click does."""
        if self._several:
            for number, tick in enumerate(self.parts, 1):
                tick.value = number in numbers
        else:
            self.parts[0].index = numbers[0] - 1


class Form(ipywidgets.VBox):  # type: ignore[misc]
    """Questions with one button below, and what is said about the answers. `told` is called with the numbers of each question."""

    def __init__(self, asked: Sequence[Choices], button: str, told: Callable[[list[Answer]], str], above: str = "") -> None:
        self.asked = tuple(asked)
        self.button = ipywidgets.Button(description=button, layout={"width": "max-content"})
        self.said = ipywidgets.HTML(said(""))
        self._told = told
        self.button.on_click(self._clicked)
        head = [ipywidgets.HTML(paragraphs(above))] if above else []
        super().__init__([*head, *(choices.box for choices in asked), self.button, self.said])

    def _clicked(self, button: Any) -> None:
        self.said.value = said(self._told([choices.numbers for choices in self.asked]))


def form(ask: str, choices: Sequence[str], button: str, told: Callable[[Answer], str], *, several: bool = False) -> Form:
    """One question with its button."""

    def one(answers: list[Answer]) -> str:
        return told(answers[0]) if answers[0] else phrase("ask.nothing-chosen")

    return Form([Choices(ask, choices, several)], button, one)


def _radio(choices: Sequence[str]) -> Any:
    options = [(choice, number) for number, choice in enumerate(choices, 1)]
    return ipywidgets.RadioButtons(options=options, value=None, layout={"width": "auto", "max_width": WIDE})


def _ticks(choices: Sequence[str]) -> tuple[Any, ...]:
    layout = {"width": "auto", "max_width": WIDE}
    return tuple(ipywidgets.Checkbox(value=False, description=choice, indent=False, layout=layout) for choice in choices)


def said(words: str) -> str:
    """Feedback as HTML that a screen reader reads out when it changes (WCAG 2.2, 4.1.3)."""
    return tag("div", paragraphs(words), role="status")


class Round(ipywidgets.VBox):  # type: ignore[misc]
    """One form after another. `page` gives the next form, or None, and the line above it."""

    def __init__(self, page: Callable[[], tuple[Form | None, str]]) -> None:
        self._page = page
        self.above = ipywidgets.HTML()
        self.next = ipywidgets.Button(description=phrase("review.button"), layout={"width": "max-content"})
        self.next.on_click(self._turn)
        super().__init__()
        self._turn(None)

    def _turn(self, button: Any) -> None:
        self.form, line = self._page()
        self.above.value = said(line)
        self.children = (self.above,) if self.form is None else (self.above, self.form, self.next)
