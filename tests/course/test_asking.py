"""Questions, guesses, hints, the review, the survey: asked and answered as text, and by clicking the same widgets that a notebook shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from postlib.course import hints, notes, questions, reviewing, surveys
from postlib.course.asking import example, feedback, picked, predict, question
from postlib.course.hints import hint
from postlib.course.questions import Choice, Question
from postlib.course.reviewing import review
from postlib.display import shown

MANY = Question("x/many", "Which?", (Choice("a", "why a", True), Choice("b", "why b"), Choice("c", "why c", True)), several=True)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's file of this test alone."""
    path = tmp_path / "progress.json"
    monkeypatch.setenv("POSTLIB_PROGRESS", str(path))
    monkeypatch.delenv("SEED", raising=False)
    return path


def read(path: Path) -> Any:
    """What the file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_question_is_shown_with_numbers_and_how_to_answer() -> None:
    words = repr(question("warm-up/ttl"))
    assert words.splitlines()[0].startswith("A DNS record has a TTL of 3600.")
    assert [line.split()[0] for line in words.splitlines()[1:4]] == ["1", "2", "3"]
    assert words.splitlines()[-1].endswith('question("warm-up/ttl", 1)')


def test_the_call_that_is_shown_is_never_the_answer() -> None:
    assert example(MANY) == (1, 2)
    for asked in (asked for lesson in questions.lessons() for asked in questions.questions_of(lesson)):
        assert example(asked) != asked.right and picked(asked.id, example(asked), len(asked.choices), asked.several)


def test_each_choice_is_answered_with_its_own_explanation_in_words_and_sign() -> None:
    """Never colour alone (WCAG 2.2, 1.4.1)."""
    asked = questions.question("warm-up/ttl")
    for number, choice in enumerate(asked.choices, 1):
        words = repr(question(asked.id, number))
        assert choice.why in words and words.startswith("✔ Right." if choice.right else "✘ Not right.")


@pytest.mark.parametrize("choices", [(0,), (4,), (-1,), ("2",), (True,), (1.0,), (None,), (1, 2)])
def test_a_wrong_number_is_one_sentence(choices: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"^warm-up/ttl (has the choices 1 to 3|takes one number)"):
        question("warm-up/ttl", *choices)


def test_an_unknown_question_names_near_ones() -> None:
    with pytest.raises(ValueError, match="did you mean warm-up/ttl"):
        question("warmup/ttl")
    with pytest.raises(ValueError, match="did you mean start/arrivals"):
        predict("start/arrival")


@pytest.mark.parametrize(
    ("answer", "said"),
    [((1, 3), "✔ Right."), ((1,), "right: 1, not right: 0. Still missing: 1."), ((2,), "right: 0, not right: 1. Still missing: 2.")],
)
def test_where_several_are_right_each_choice_is_explained(answer: tuple[int, ...], said: str) -> None:
    words = feedback(MANY, answer)
    assert said in words
    assert [f"why {letter}" in words for letter in "abc"] == [number in answer for number in (1, 2, 3)]


def test_a_guess_is_kept_and_not_judged() -> None:
    words = repr(predict("start/arrivals", 2))
    assert words == "Noted: one. Run the next cells."


def test_a_guess_is_compared_when_it_is_asked_for_again(kept: Path) -> None:
    predict("start/arrivals", 1)
    assert repr(predict("start/arrivals")) == "You guessed: none of them. It came otherwise: both."
    assert read(kept)["predictions"]["start/arrivals"]["compared"] is True


def test_a_guess_may_be_changed_until_it_was_compared(kept: Path) -> None:
    predict("start/arrivals", 1)
    predict("start/arrivals", 3)
    assert repr(predict("start/arrivals")) == "✔ You guessed: both. And so it came."
    assert "You guessed: both." in repr(predict("start/arrivals", 1))
    assert read(kept)["predictions"]["start/arrivals"]["guess"] == 3


def test_asking_alone_notes_nothing(kept: Path) -> None:
    """A run of all cells answers nothing, and so leaves nothing."""
    shown = (question("warm-up/ttl"), predict("start/arrivals"), review(), surveys.survey("before"), surveys.concepts("dmarc", "before"))
    for one in shown:
        assert repr(one)
    assert not kept.exists()


def clicked(one: Any, *chosen: int, button: bool = True) -> str:
    """Choose in the first question of a form and click its button. Returns what is said then, without tags."""
    form = one.widget()
    if chosen:
        form.asked[0].choose(*chosen)
    if button:
        form.button.click()
    return text_of(form.said)


def text_of(widget: Any) -> str:
    """The text of an HTML widget."""
    return re.sub(r"<[^>]*>", "", re.sub(r"<style>.*?</style>", "", widget.value)).strip()


def test_a_click_says_what_the_call_says(kept: Path) -> None:
    one = question("warm-up/ttl")
    assert clicked(one, 1) == repr(question("warm-up/ttl", 1)).replace("\n", "")
    assert clicked(one, 2) == repr(question("warm-up/ttl", 2))
    assert read(kept)["questions"]["warm-up/ttl"]["tries"] == 4


def test_a_click_without_a_choice_asks_for_one(kept: Path) -> None:
    assert clicked(question("warm-up/ttl")) == "Choose an answer first."
    assert not kept.exists()


def test_nothing_is_chosen_beforehand_and_what_is_said_is_announced() -> None:
    """WCAG 2.2, 4.1.3: a status message is announced without focus."""
    form = question("warm-up/ttl").widget()
    assert form.asked[0].numbers == () and 'role="status"' in form.said.value


def test_a_guess_can_be_clicked() -> None:
    one = predict("start/arrivals")
    assert clicked(one, 2) == "Noted: one. Run the next cells."
    assert repr(predict("start/arrivals")).startswith("You guessed: one.")


def test_boxes_are_ticked_where_several_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    from postlib.course import widgets

    form = widgets.form(MANY.ask, ["a", "b", "c"], "Check", lambda answer: str(answer), several=True)
    form.asked[0].choose(1, 3)
    form.button.click()
    assert text_of(form.said) == "(1, 3)"


def test_words_of_a_question_cannot_be_markup() -> None:
    from postlib.course import widgets

    form = widgets.form("<b>x</b>", ["a", "b"], "Check", lambda answer: "<i>told</i>")
    form.asked[0].choose(1)
    form.button.click()
    assert "<i>" not in form.said.value and "&lt;i&gt;told" in form.said.value


def test_the_text_stands_beside_the_widget(monkeypatch: pytest.MonkeyPatch) -> None:
    """nbval, exports and terminals take the text; JupyterLab takes the widget."""
    one = question("warm-up/ttl")
    assert one._repr_mimebundle_() == {"text/plain": repr(one)}
    monkeypatch.setattr(shown, "has_widgets", lambda: True)
    bundle = one._repr_mimebundle_()
    assert bundle["text/plain"] == repr(one) and bundle[shown.VIEW]["model_id"] == one.widget().model_id


def test_outside_of_a_kernel_no_widget_is_loaded() -> None:
    """Plain Python and a terminal do not wait for ipywidgets."""
    show = "print(question('warm-up/ttl')._repr_mimebundle_().keys(), 'ipywidgets' in sys.modules)"
    code = f"import sys; from postlib.course.asking import question; {show}"
    path = {**os.environ, "PYTHONPATH": str(Path(notes.__file__).parents[2])}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True, env=path)
    assert run.stdout == "dict_keys(['text/plain']) False\n"


def test_hints_come_in_order_and_say_how_many_are_left(kept: Path) -> None:
    said = [repr(hint("spf-repair")) for _ in range(4)]
    assert [words.splitlines()[0] for words in said[:3]] == [
        "Hint 1 of 3: where to look.", "Hint 2 of 3: which rule.", "Hint 3 of 3: the same trouble elsewhere, mended."
    ]  # fmt: skip
    assert ["2 more hints are left" in said[0], "1 more hint is left" in said[1], "all three" in said[2]] == [True] * 3
    assert said[3] == said[2] and read(kept)["hints"] == {"spf-repair": [1, 2, 3]}


def test_any_hint_can_be_read(kept: Path) -> None:
    assert hints.of("dkim-rotation")["twin"] in repr(hint("dkim-rotation", 3))
    assert read(kept)["hints"] == {"dkim-rotation": [3]} and "Hint 1" in repr(hint("dkim-rotation"))
    for number in (0, 4, "1", True):
        with pytest.raises(ValueError, match="the hints 1 to 3"):
            hint("spf-repair", number)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="spf-repair"):
        hint("spf-repare")


def earlier(path: Path, days: int) -> None:
    """Let so many days pass: every date in the file moves back."""
    data = read(path)
    for known in data["questions"].values():
        known.update({key: (date.fromisoformat(known[key]) - timedelta(days=days)).isoformat() for key in ("asked", "due") if known[key]})
    path.write_text(json.dumps(data), encoding="utf-8")


def test_a_missed_question_comes_back_until_it_was_right_twice_days_apart(kept: Path) -> None:
    assert "have not answered any yet" in repr(review())
    question("warm-up/ttl", 1)
    question("warm-up/cname", 1)
    assert "warm-up/ttl" in read(kept)["questions"] and repr(review()).startswith("1 question waits for you.\nA DNS record has a TTL")
    assert "comes back on" in repr(review(2)) and "No question waits today. 1 comes back later." in repr(review())
    earlier(kept, notes.APART.days)
    assert "Right twice: this question is done." in repr(review(2))
    earlier(kept, 100)
    assert repr(review()) == "No question waits today."


def test_the_longest_waiting_comes_first_and_a_miss_comes_back_tomorrow(kept: Path) -> None:
    question("warm-up/ttl", 1)
    earlier(kept, 1)
    question("warm-up/cname", 2)
    assert repr(review()).startswith("2 questions wait for you. The one that has waited longest:\nA DNS record has a TTL")
    missed = repr(review(1))
    assert missed.startswith("✘ Not right.") and "The lesson about it: warm-up." in missed
    assert "At news.auroria.post" in repr(review())
    earlier(kept, 1)
    assert repr(review()).startswith("2 questions wait")


def test_the_review_can_be_clicked_through(kept: Path) -> None:
    question("warm-up/ttl", 1)
    question("warm-up/cname", 2)
    turn = review().widget()
    for right in (2, 1):
        turn.form.asked[0].choose(right)
        turn.form.button.click()
        assert "✔ Right." in text_of(turn.form.said)
        turn.next.click()
    assert turn.form is None and "No question waits today" in text_of(turn.above)


def test_a_second_click_on_the_same_day_does_not_count(kept: Path) -> None:
    question("warm-up/ttl", 1)
    form = review().widget().form
    form.asked[0].choose(2)
    for _ in range(3):
        form.button.click()
        assert "comes back on" in text_of(form.said)
    assert read(kept)["questions"]["warm-up/ttl"]["again"] == 1


def test_a_question_that_the_course_no_longer_has_is_left_out(kept: Path) -> None:
    question("warm-up/ttl", 1)
    data = read(kept)
    data["questions"] = {"old/gone": data["questions"]["warm-up/ttl"]}
    kept.write_text(json.dumps(data), encoding="utf-8")
    assert repr(review()) == "No question waits today."
    assert reviewing._waiting()[0] == []
