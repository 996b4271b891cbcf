"""The command line: clean output, one sentence for what is wrong, exit codes that say what came out."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dns.name
import pytest
from reported import NEW, OLD, TLS

from postlib.__main__ import main
from postlib.acts import sign
from postlib.commands.scan import done_before
from postlib.lab.export import address_book, zone_file
from postlib.lab.internet import visit
from postlib.network import Network

ROOT = Path(__file__).parent.parent
SPF_ONLY = """
name: own
version: "1"
title: own profile
policies: {secure-email: {title: Secure Email, checks: {spf.one-record: required, spf.syntax: required, spf.no-ptr: advised}}}
numbers: {}
lists: {}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an address book of a lab that is up, in which auroria.post has two SPF records, and a profile of SPF alone."""
    folder = tmp_path_factory.mktemp("command")
    (folder / "own.yaml").write_text(SPF_ONLY)
    with visit("union") as internet:
        internet.domain("auroria.post").publish("@", "TXT", "v=spf1 mx -all", "v=spf1 -all")
        (folder / "book.json").write_text(json.dumps(address_book(internet)))
        yield folder



def ran(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """The exit code, stdout and stderr of one command, run in this process."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def process(*arguments: object, given: str = "") -> subprocess.CompletedProcess[str]:
    """One command in a process of its own."""
    command = [sys.executable, "-m", "postlib", *(str(argument) for argument in arguments)]
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, timeout=60)


def where(files: Path) -> tuple[object, ...]:
    return "--network", files / "book.json", "--profile", files / "own.yaml"


def test_json_of_a_lab_world_is_clean_and_well_means_0() -> None:
    done = process("check", "valdoria.post", "--world", "union", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert {finding["subject"] for finding in json.loads(done.stdout)} == {"valdoria.post"}


def test_help_is_quick_and_imports_no_lab() -> None:
    told = "import sys, postlib.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\nassert 'postlib.lab' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and all(command in done.stdout for command in ("check", "scan", "lab", "explain", "reports"))


def test_public_names_are_there_and_imported_when_used() -> None:
    told = (
        "import sys, postlib; assert 'dns' not in sys.modules; from postlib import *;"
        "assert callable(scan) and callable(check) and postlib.scan is scan and visit('clean').network; assert 'ascan' in dir(postlib)"
    )
    subprocess.run([sys.executable, "-c", told], cwd=ROOT, check=True)


def test_a_name_that_postlib_has_not_is_an_attribute_error() -> None:
    import postlib

    with pytest.raises(AttributeError, match="nothing"):
        postlib.nothing  # noqa: B018


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "html"])
def test_a_failed_required_check_is_1_in_every_format(files: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    code, out, err = ran(capsys, "check", "valdoria.post", "auroria.post", *where(files), "--format", form)
    assert (code, err) == (1, "")
    assert "valdoria.post" in out and "auroria.post" in out and "spf.one-record" in out


def test_a_domain_that_cannot_be_reached_is_3(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = json.loads((files / "book.json").read_text())
    book["routes"] = []
    (files / "empty.json").write_text(json.dumps(book))
    code, out, _ = ran(capsys, "check", "valdoria.post", "--network", files / "empty.json", "--profile", files / "own.yaml")
    assert code == 3 and "? unknown: " in out and "why it is unknown: nobody has this address here" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "Missing argument"),
        (["check", "a.post", "--bogus"], "No such option"),
        (["nonsense"], "No such command"),
        (["check", "valdoria.post"], "exists only in a lab"),
        (["check", "not a name", "--world", "union"], "not a domain name"),
        (["check", "https://auroria.post/", "--world", "union"], "did you mean auroria.post?"),
        (["check", "HTTPS://Auroria.post:443/a?b@c.example", "--world", "union"], "did you mean auroria.post?"),
        (["check", "ana@auroria.post", "--world", "union"], "did you mean auroria.post?"),
        (["check", "mailto:ana@auroria.post", "--world", "union"], "did you mean auroria.post?"),
        (["check", "ana@valdoria.post/", "ana @ valdoria.post", "--world", "union"], "did you mean valdoria.post?"),
        (["check", "a.post", "--world", "atlantis"], "there is no world 'atlantis'"),
        (["check", "a.post", "--world", "union", "--network", "x"], "choose one Internet"),
        (["check", "a.post", "--world", "union", "--forwarder", "127.0.0.1:53"], "--forwarder is for the real Internet"),
        (["check", "a.test", "--forwarder", "nonsense"], "a forwarder is an address and a port"),
        (["check", "a.test", "--network", "/nonexistent"], "/nonexistent: No such file"),
        (["check", "a.test", "--network", __file__], "is not an address book"),
        (["check", "a.test", "--profile", "nonsense"], "nonsense is no profile"),
        (["scan", "/nonexistent", "--world", "union"], "/nonexistent: No such file"),
        (["scan", "-", "--world", "union", "--at-once", "0"], "--at-once"),
        (["explain", "spf.one-recor"], "did you mean spf.one-record?"),
        (["explain", "dmrac"], "did you mean dmarc?"),
        (["lab", "atlantis"], "there is no world 'atlantis'"),
        (["lab", "union", "--once", "--book", "/nonexistent/book"], "/nonexistent/book: No such file"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_2(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    code, out, err = ran(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("postlib: ") and said in err and err.count("\n") == 1


def test_a_selector_that_nobody_guesses_can_be_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without it the DKIM key is unknown, and never said to be absent."""
    with visit("clean") as internet:
        internet.domain("valdoria.post").mail.remove_key("s2026a")
        book = tmp_path / "book.json"
        book.write_text(json.dumps(address_book(internet)))
        unguessed, _, _ = ran(capsys, "check", "valdoria.post", "--network", book)
        named, _, _ = ran(capsys, "check", "valdoria.post", "--network", book, "--selector", "S2026e")
        wrong, _, said = ran(capsys, "check", "valdoria.post", "--network", book, "--selector", "not one!")
    assert (unguessed, named, wrong) == (3, 0, 2) and "is not a DKIM selector" in said


def test_a_scan_goes_on_where_it_was_cut_off(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names, out = files / "names", files / "out.jsonl"
    names.write_text("valdoria.post\n\n# a comment\nInbox.example. # the same\ninbox.example\nauroria.post\n")
    assert ran(capsys, "scan", names, *where(files), "--out", out) == (1, "", "")
    whole = [json.loads(line) for line in out.read_text().splitlines()]
    assert {one["subject"]: one["exit_code"] for one in whole} == {"valdoria.post": 0, "inbox.example": 0, "auroria.post": 1}
    assert len(whole) == 3 and whole[0]["profile"] == "own 1" and whole[0]["findings"][0]["check"] == "spf.one-record"
    kept = out.read_bytes()
    out.write_bytes(kept[:-25])
    assert ran(capsys, "scan", names, *where(files), "--out", out) == (1, "", "")
    assert [json.loads(line)["subject"] for line in out.read_text().splitlines()] == [one["subject"] for one in whole]
    before = out.read_bytes()
    assert ran(capsys, "scan", names, *where(files), "--out", out)[0] == 1 and out.read_bytes() == before


def test_a_scan_adds_nothing_to_a_file_of_something_else(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names, out = files / "few", files / "other.jsonl"
    names.write_text("valdoria.post\n")
    for text, said in (("dear diary\n", "no result of postlib scan"), ('{"subject": 3}\n', "no result of postlib scan")):
        out.write_text(text)
        code, _, err = ran(capsys, "scan", names, *where(files), "--out", out)
        assert code == 2 and said in err and out.read_text() == text
    line = '{"subject": "x.post", "exit_code": 0, "profile": "course 1", "seen_from": "the Internet"}\n'
    out.write_text(line)
    assert "choose another --out" in ran(capsys, "scan", names, *where(files), "--out", out)[2] and out.read_text() == line


def test_a_half_written_first_line_is_no_result(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text('{"subject": "valdo')
    assert done_before(out, {}) == {} and out.read_text() == ""


def test_a_scan_names_the_line_that_is_no_domain_and_begins_nothing(files: Path) -> None:
    done = process("scan", "-", *where(files), given="valdoria.post\nnot a name\n")
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("postlib: line 2: ")


def test_a_scan_of_standard_input_writes_lines_of_json_alone(files: Path) -> None:
    done = process("scan", "-", *where(files), given="valdoria.post\n")
    assert (done.returncode, done.stderr) == (0, "") and json.loads(done.stdout)["subject"] == "valdoria.post"


def test_explain_tells_of_one_check_and_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, "explain", "spf.one-record")
    assert code == 0 and "RFC 7208, section 4.5" in out and "publish this one SPF record" in out and "Lesson (planned): dmarc/02" in out
    code, out, _ = ran(capsys, "explain")
    assert code == 0 and "Secure Email" in out and "spf.no-ptr" in out and "advised" in out


def test_explain_lists_a_family_in_any_case_with_its_columns_whole(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, "explain", "DMARC")
    assert code == 0 and "dmarc.enforced" in out and "spf." not in out
    rows = [line for line in ran(capsys, "explain")[1].splitlines() if line.startswith("  ")]
    assert len({re.search(r" (required|advised) ", row).start() for row in rows}) == 1  # type: ignore[union-attr]
    assert ran(capsys, "explain", "Spf.One-Record")[1].startswith("spf.one-record\n")


def test_explain_shows_no_braces_and_says_that_several_remedies_depend(capsys: pytest.CaptureFixture[str]) -> None:
    out = ran(capsys, "explain", "dmarc.enforced")[1]
    assert "depending on what is found:\n  - " in out and "at <name> to: <record>" in out and "{" not in out
    out = ran(capsys, "explain", "http.redirects-to-https")[1]
    assert "%{HTTP_HOST}" in out and "depending" not in out


def test_a_table_counts_what_passed_and_all_shows_it(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = ran(capsys, "check", "valdoria.post", *where(files))[1]
    assert "Not shown: 3 passed (--all shows them)" in short and "spf.syntax" not in short
    whole = ran(capsys, "check", "valdoria.post", *where(files), "--all")[1]
    assert "Not shown" not in whole and "✔ passed: " in whole and "(spf.syntax)" in whole


def test_no_name_of_a_python_class_is_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.yaml").write_text(SPF_ONLY.replace("advised", "sometimes"))
    err = ran(capsys, "check", "a.test", "--profile", tmp_path / "own.yaml")[2]
    assert "'sometimes' is not a valid Level" in err and "Error" not in err


def test_a_lab_tells_of_the_learners_domain_with_a_command_that_works_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = [ran(capsys, "lab", world, "--once", "--book", tmp_path / "book.json")[1] for world in ("union", "clean")]
    assert "--to ana@auroria.post" in told[0] and "--to ana@" in told[1]
    line = next(line for line in told[0].splitlines() if " check auroria.post --network " in line)
    words = shlex.split(line)
    assert Path(words[0]).is_absolute() and Path(words[-1]).is_absolute()
    done = subprocess.run([*words, "--profile", "nonsense"], capture_output=True, text=True)
    assert done.stderr.startswith("postlib: nonsense is no profile")


def test_reports_are_summed_up_and_a_wrong_file_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in (("new.xml", NEW), ("old.xml", OLD), ("tls.json", json.dumps(TLS)), ("wrong.xml", "<html/>")):
        (tmp_path / name).write_text(text)
    code, out, err = ran(capsys, "reports", tmp_path)
    assert code == 2 and err.count("\n") == 1 and "wrong.xml" in err
    assert "1000000003 messages from 2 sources" in out and "2001:db8::25" in out and "certificate-expired 2" in out
    (tmp_path / "wrong.xml").unlink()
    code, out, err = ran(capsys, "reports", tmp_path, "--format", "json")
    tables = json.loads(out)
    assert (code, err) == (0, "") and tables[0]["rows"][0]["messages"] == "1000000000" and tables[1]["rows"][0]["sessions-bad"] == "2"
    for form in ("csv", "markdown", "html"):
        assert "auroria.post" in ran(capsys, "reports", tmp_path, "--format", form)[1]


def test_a_mail_without_a_report_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.eml").write_text("Subject: hello\n\nGood day.\n")
    assert ran(capsys, "reports", tmp_path / "a.eml")[2].endswith("this mail carries no report\n")


def test_a_lab_writes_its_book_and_zones_logs_and_ends_when_asked(tmp_path: Path) -> None:
    book, zones = tmp_path / "book.json", tmp_path / "zones"
    command = [sys.executable, "-m", "postlib", "lab", "union", "--log", "--book", str(book), "--export", str(zones)]
    lab = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert lab.stdout is not None
        shown = [next(line for line in lab.stdout if line.startswith("The address book is"))]
        checked = process("check", "valdoria.post", "--network", book, "--format", "json")
        assert checked.returncode == 0 and json.loads(checked.stdout)
    finally:
        lab.send_signal(signal.SIGTERM)
        rest, errors = lab.communicate(timeout=20)
    assert (lab.returncode, errors) == (0, "") and rest.endswith("The lab has ended.\n") and " question valdoria.post." in rest
    assert str(book) in shown[0] and (tmp_path / "book.pem").read_text().startswith("-----BEGIN CERTIFICATE")
    assert Network.load(book).lab and {"root.zone", "post.zone", "auroria.post.zone"} <= {path.name for path in zones.iterdir()}


@pytest.mark.parametrize("origin", [".", "post", "auroria.post", "valdoria.post"])  # NSEC and NSEC3, with and without delegations
def test_an_exported_zone_loads_and_verifies_unchanged_elsewhere(tmp_path: Path, origin: str) -> None:
    if not all(map(shutil.which, ("named-checkzone", "nsd-checkzone", "dnssec-verify"))):
        pytest.skip("named-checkzone, nsd-checkzone and dnssec-verify (Debian: bind9, nsd) are not here")
    with visit("union") as internet:
        internet.do(sign("auroria.post", denial="nsec"))
        (tmp_path / "zone").write_text(zone_file(internet.state.zones[dns.name.from_text(origin)]))
    for command in (["named-checkzone", "-i", "none"], ["nsd-checkzone"], ["dnssec-verify", "-z", "-o"]):
        done = subprocess.run([*command, origin, str(tmp_path / "zone")], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
