"""Every mistake of a learner ends in one sentence, and the cell in error: course/trouble.md, provoked in a real kernel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_client.manager import KernelManager
from kernels import PATIENCE, ROOT, Kernel, environment, notebook

from postlib import words
from postlib.display import cells

TROUBLE = (ROOT / "course" / "trouble.md").read_text(encoding="utf-8")
SETUP = """from postlib import check, visit

internet = visit("union")
auroria = internet.domain("auroria.post")"""
HONEST = 'letter = internet.send("ana@auroria.post", "clara@inbox.example")'
LESSON = {"setup": SETUP, "honest": HONEST, "0a1b2c3d": "attack = internet.campaign('parcel-fee')"}
RESTART = "-- the kernel dies --"
EXTENSION = "--InteractiveShellApp.extensions=['postlib.display.jupyter']"

PROVOKED = {  # heading of trouble.md: the cells that lead there, the last of them in error
    "1. The kernel was started again": (RESTART, 'internet.domain("auroria.post")'),
    "2. A cell was left out": (SETUP, "letter.arrived"),
    "3. A name is misspelt": ('check("auroria.post", intrnet)',),
    "4. The quotes are curly": ("name = '_dmarc'\nauroria.publish(name, “TXT”, “v=DMARC1; p=none”)",),
    "5. The quotes are missing": ("internet.domain(valdoria.post)",),
    "6. A blank is not filled in": ('auroria.publish("_dmarc", "TXT", ...)',),
    "7. There is no such domain": ('internet.domain("valdora.post")',),
    "8. The domain stands twice in a name": ('auroria.publish("_dmarc.auroria.post", "TXT", "v=DMARC1; p=none")',),
    "9. DNS data cannot be read": ('auroria.publish("www", "A", "192.0.2.300")',),
    "10. The Internet is closed": ('internet.close()\ninternet.campaign("parcel-fee")',),
    "You pressed Stop": ("import time\nprint('begun', flush=True)\ntime.sleep(600)",),
    "A claim is not true any more": (SETUP, "forgeries = internet.campaign('parcel-fee')\nassert forgeries.arrived == 0"),
    "A fault of postlib": ("broken = visit('union')\nbroken.state.mail = None\nbroken.mailbox('clara@inbox.example')",),
}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One for this file. It knows its notebook, and explains mistakes before postlib is imported."""
    file = notebook(tmp_path_factory.mktemp("my") / "lesson.ipynb", LESSON)
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=[EXTENSION], env=environment(JPY_SESSION_NAME=str(file)), cwd=str(file.parent))
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=PATIENCE)
    yield Kernel(manager, client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


@pytest.fixture
def kernel(started: Kernel) -> Kernel:
    """The same, with an Internet up, whatever the test before has done."""
    if started.run("assert not internet.servers.closed").reply["status"] == "error":
        assert started.run(SETUP).reply["status"] == "ok"
    return started


def troubles() -> dict[str, str]:
    """Heading to the sentence that is seen."""
    parts = re.split(r"^## (.+)$", TROUBLE, flags=re.MULTILINE)[1:]
    return {title: re.findall(r"^> (.+)$", text, flags=re.MULTILINE)[0] for title, text in zip(parts[::2], parts[1::2], strict=True)}


def test_trouble_names_ten_and_each_is_provoked() -> None:
    assert list(troubles()) == list(PROVOKED)
    assert [title for title in PROVOKED if title[0].isdigit()][-1].startswith("10.")
    for part in re.split(r"^## .+$", TROUBLE, flags=re.MULTILINE)[1:]:
        assert part.count("**What you see**") == part.count("**Why.**") == part.count("**What to do.**") == 1


@pytest.mark.parametrize("title", PROVOKED)
def test_the_sentence_shown_is_the_one_in_trouble(kernel: Kernel, title: str) -> None:
    for source in PROVOKED[title][:-1]:
        if source == RESTART:
            kernel.restart()
        else:
            assert kernel.run(source).reply["status"] == "ok"
    assert re.sub(r"line \d+\. Your", "line 129. Your", kernel.run(PROVOKED[title][-1]).sentence) == troubles()[title]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("attack.arrived", "run code cell 3 from the top first"),
        ("internet.domain(auroria.post)", 'write "auroria.post" in line 1'),
        ("scan(['auroria.post'], internet)", "write from postlib import scan above line 1"),
        ("Internet", "did you mean internet?"),
        ("seen_so_far = seen_so_far + 1", "Nothing is called seen_so_far yet"),
        ("raise ValueError('10.10.10.10 is taken')", "10.10.10.10 is taken. Mend the line"),
        ("print('hello)", "put ' at its end"),
        ("print('a'", "opens a bracket ( that is never closed"),
        ("if internet\n  print(3)", "Python cannot read line 1 of this cell"),
        ("print(3) …", "the character … (horizontal ellipsis)"),
        ("answer = ...\ninternet.domain(answer)", "The blank ... in line 1"),
        ("from postlib import vist", "postlib has no vist; did you mean visit? Change line 1"),
        ("import postlb", "did you mean postlib?"),
        ("import packagethatisnot", "packagethatisnot is not installed in this kernel"),
        ("internet.domian('auroria.post')", "Internet has no domian; did you mean domain?"),
        ("internet.clock.advance(days=-1)", "only goes forward"),
        ("internet.clock.advance(day=1)", "Compare the brackets in line 1"),
        ("auroria.mail.new_key('bad selector')", "is not a selector"),
        ("internet.send('ana@auroria.post', None)", "send needs a text in quotes as recipient, not None"),
        ("check(auroria, internet)", "check needs a text in quotes as subject, not an object of the kind Domain"),
        ("visit('union', at='2026-11-23')", "not '2026-11-23'"),
        ("check('auroria.post')", 'write check("auroria.post", internet) in line 1'),
        ("visit('unoin')", "the worlds are: clean, generated, union. Mend line 1"),
        ("check('auroria.post', internet)['dmarc.enforce']", "did you mean 'dmarc.enforced'? Change line 1"),
        ("assert False, 'already mended: run all cells again'", "already mended: run all cells again. Then run this cell again"),
        ("internet.mailbox('omar@oldmail.example')[99]", "asks for more than there is"),
        ("{}['spf']", "no entry 'spf'"),
        ("1/0", "Line 1 ended in ZeroDivisionError: division by zero. Mend the line, then run this cell again."),
        ("raise ExceptionGroup('two', [ValueError('x')])", "Line 1 ended in ExceptionGroup: two"),
        ("await internet.nothing()", "Line 1 ended in AttributeError"),
        ("raise ValueError", "Line 1 ended in ValueError. Mend"),
        ("internet.close()\nauroria.publish('x', 'TXT', 'x')", "The Internet called internet is closed: run the setup cell"),
        ("internet.close()\ncheck('auroria.post', internet)", "The Internet called internet is closed: run the setup cell"),
        ("internet.close()\ninternet.clock.advance(days=1)", "this Internet is closed; visit('union') starts one"),
        ("auroria.publish('x', 'TXT', '“v=DMARC1; p=none”')", "curly quote “: type a straight one"),
        ("auroria.mail.revoke_key('x')", "auroria.post has no selector 'x'; it has: s2026e, s2026a. Mend line 1"),
        ("auroria.mail.revoke_key(smtp1)", 'write "smtp1" in line 1, then'),
        ("key = 5\nauroria.mail.new_key(key-b)", 'write "key-b" in line 2, then'),
        ("auroria.mail.new_key(selector=key-2-b)", 'write "key-2-b" in line 1, then'),
        ("auroria.mail.new_key(lon)", 'write "lon" in line 1, then'),
        ("print(smtp1)", "Nothing is called smtp1 yet"),
        ("auroria.publish('@', 'TXT',\n  v=spf1 mx -all)", "begins with v=spf1 is a text: put quotes around all of it in line 2"),
        ("auroria.publish('_dmarc', 'TXT', v=DMARC1; p=none)", "begins with v=DMARC1 is a text"),
        ("auroria.publish('_dmarc', 'TXT', v=DMARC1)", "begins with v=DMARC1 is a text"),
        ("auroria.mail.new_key('smtp1._domainkey')", 'write only "smtp1". Mend line 1'),
        ("auroria.publish('@', 'TXT', 'v=spf1 mx –all')", "long dash –: type the short one"),
        ("import postlib\npostlib.vist", "postlib has no vist; did you mean visit? Change line 2"),
    ],
)
def test_a_mistake_has_its_sentence(kernel: Kernel, source: str, said: str) -> None:
    assert said in kernel.run(source).sentence


HAPPENED = " What this cell did before that has happened: internet.undo() takes back one step."


@pytest.mark.parametrize(
    ("source", "happened"),
    [
        ("auroria.publish('x', 'TXT', 'x')\nauroria.publish('www', 'A', 'x')", True),
        ("internet.clock.advance(days=1)\nauroria.mail.revoke_key('x')", True),
        ("for name in ('x', '…'):\n    auroria.publish('x', 'TXT', name)", True),
        ("auroria.publish('www', 'A', 'x')", False),
        ("auroria.publish('x', 'TXT', 'y')\ninternet.undo()\n1/0", False),
        ("auroria.publish('x', 'TXT', 'y')\nassert False, 'run all'", False),
        ("other = visit('clean')\nother.stage('x')\n1/0", False),
        ("auroria.publish('x', 'TXT', 'x')\ninternet.close()\n1/0", False),
    ],
)
def test_what_a_cell_did_before_its_error_is_told(kernel: Kernel, source: str, happened: bool) -> None:
    assert kernel.run(source).sentence.endswith(HAPPENED) == happened
    assert not kernel.run("1/0").sentence.endswith(HAPPENED), "it was another cell"


def test_a_blank_of_another_cell_is_found_there(kernel: Kernel) -> None:
    kernel.run("domain = ...")
    count = kernel.run("None").reply["execution_count"] - 1
    assert f"domain is still the blank ...: fill it in and run its cell, the cell with [{count}] beside it" in kernel.run(
        "internet.domain(domain)"
    ).sentence


def test_a_cell_ends_in_error_with_its_own_kind_and_a_folded_traceback(kernel: Kernel) -> None:
    """Front ends, nbclient, nbval and nbgrader look at the reply and at the error output."""
    ended = kernel.run("internet.domain('<b>.post')")
    reply, error = ended.reply, ended.errors[0]
    assert (reply["status"], reply["ename"], error["ename"]) == ("error", "ValueError", "ValueError")
    assert "is no domain of this Internet" in reply["evalue"] == error["evalue"]
    assert reply["traceback"] == error["traceback"] == [ended.sentence] and "\x1b" not in ended.sentence
    folded = ended.shown[0]
    assert folded["text/plain"] == "The whole traceback: %tb"
    assert "<details><summary>" in folded["text/html"] and "----&gt; 1 internet.domain" in folded["text/html"]
    assert "&lt;b&gt;.post" in folded["text/html"] and "<b>.post" not in folded["text/html"] and "\x1b" not in folded["text/html"]


def test_the_whole_traceback_is_there_by_magic(kernel: Kernel) -> None:
    kernel.run("internet.domain('aurora.post')")
    whole = kernel.run("%tb").errors[0]
    assert "internet.py" in "".join(whole["traceback"]) and whole["ename"] == "ValueError"


def test_registering_twice_shows_an_error_once(kernel: Kernel) -> None:
    assert kernel.run("from postlib.display import register\nassert register() and register()").reply["status"] == "ok"
    assert kernel.run("1/0").sentence.startswith("Line 1 ended in ZeroDivisionError")


def test_if_the_explanation_fails_the_ordinary_traceback_is_shown(kernel: Kernel) -> None:
    kernel.run("from postlib.display import explain\nkept = explain.explained\ndel explain.explained")
    for source, kind in (("1/0", "ZeroDivisionError"), ("1 +", "SyntaxError")):
        ended = kernel.run(source)
        assert ended.reply["ename"] == kind and kind in "".join(ended.errors[0]["traceback"])
        assert "could not put this into a sentence: AttributeError" in ended.errors[0]["traceback"][-1] + ended.reply["traceback"][-1]
    kernel.run("explain.explained = kept")
    assert kernel.run("1/0").sentence.startswith("Line 1 ended in")


def test_somebody_elses_handler_is_left_alone(kernel: Kernel) -> None:
    kernel.run("from postlib.display import mistakes\nshell = get_ipython()\nours = shell.custom_exceptions, shell.CustomTB")
    kernel.run("shell.set_custom_exc((KeyError,), lambda *a, **k: [])")
    tried = kernel.run("assert not mistakes.register(shell)\nassert shell.custom_exceptions == (KeyError,)")
    assert tried.reply["status"] == "ok"
    assert kernel.run("shell.custom_exceptions, shell.CustomTB = ours\nassert mistakes.register(shell)").reply["status"] == "ok"


def test_a_fault_keeps_its_traceback(kernel: Kernel) -> None:
    ended = kernel.run(PROVOKED["A fault of postlib"][0])
    assert any("internet.py" in line for line in ended.errors[0]["traceback"]) and not ended.shown


def test_nbval_sees_the_error_and_the_sentence(tmp_path: Path) -> None:
    file = notebook(tmp_path / "lesson.ipynb", {"setup": "import postlib", "wrong": "postlib.visit('unoin')"})
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "-p", "no:cacheprovider", "-c", os.devnull, str(file)]
    done = subprocess.run(command, env=environment(), cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "1 failed, 1 passed" in done.stdout and "then run this cell again" in done.stdout


def test_the_switch_leaves_ipython_as_it_is() -> None:
    code = "from IPython.testing.globalipapp import start_ipython as s; a = s(); import postlib; assert a.custom_exceptions == ()"
    assert subprocess.run([sys.executable, "-c", code], env=environment(POSTLIB_MISTAKES="off"), timeout=PATIENCE).returncode == 0


def test_every_sentence_is_used() -> None:
    said = {key for key in words.chosen().shared["phrases"] if key.startswith("mistake.")}
    source = "".join(path.read_text() for path in (ROOT / "postlib" / "display").glob("*.py"))
    assert {key for key in said if f'"{key}"' not in source and not key.startswith("mistake.wanted-")} == set()


def test_the_cell_that_makes_a_name_is_found_in_the_file(tmp_path: Path) -> None:
    first = "%matplotlib inline\nimport os.path as way\nwith open('x') as f: pass"
    found = cells.read(notebook(tmp_path / "a.ipynb", {"11b2c3d4": first, **LESSON}))
    assert [cell.said() for cell in found[:2]] == ["code cell 1 from the top", "the setup cell (code cell 2 from the top)"]
    assert found[0].makes == {"way", "f"} and cells.maker("letter", found) == found[2] and cells.maker("nothing", found) is None
    assert cells.maker("letter", found, but=HONEST) is None


JSON = st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(st.binary() | JSON.map(json.dumps))
def test_a_file_that_is_no_notebook_has_no_cells(content: bytes | str) -> None:
    path = Path(os.environ["POSTLIB_CACHE"]) / "no-notebook.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    assert cells.read(path) == ()


@given(st.text())
def test_any_text_of_a_cell_makes_some_names_or_none(source: str) -> None:
    assert all(isinstance(name, str) for name in cells.Cell(source, 1).makes)
