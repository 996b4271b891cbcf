"""Make the environment, then open the course, run the tests or the benchmark: what `make` calls, and what to call where there is no make.

    python bootstrap.py course | test | bench

It uses the standard library alone, and is written so that Python 3.6 can still read it: an old Python gets a sentence, not a traceback.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from handout import copy_course, course_files, fingerprint, read_json, unreleased, write_json

MINIMUM = (3, 11)  # as in pyproject.toml; a test compares them
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
READY = VENV / "ready.json"  # taken away before a change and written last: without it, what is there was interrupted
KERNEL = VENV / "etc" / "ipython" / "ipython_kernel_config.py"  # read by every kernel of this environment
EXTENSION = 'get_config().InteractiveShellApp.extensions.append("postlib.display.jupyter")\n'  # mistakes are explained before any import
BUILD = ROOT / "build"
MINE = ROOT / "my"
PORT = 8888
LAST_LINES = 15  # of a failed command's log
LABSERVER = (
    "--ServerApp.answer_yes=True",  # Ctrl-C stops it at once
    "--Application.log_level=ERROR",
    "--KernelManager.transport_encryption=auto",
    "--LabApp.news_url=None",  # these three: nothing is fetched from outside
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    *(  # nbgrader is for those who grade; what it adds to the page is switched off in .jupyter/
        f"--ServerApp.jpserver_extensions=nbgrader.server_extensions.{name}=False"
        for name in ("assignment_list", "course_list", "formgrader", "validate_assignment")
    ),
)


class Stop(Exception):
    """Work cannot go on; the text is one sentence that says why and what to do."""


def say(text: str) -> None:
    """One line for the person, at once."""
    print(text, flush=True)


def main(arguments: list) -> int:
    """Run one command; returns the exit code."""
    commands = {"course": course, "test": test, "bench": bench}
    try:
        if sys.version_info < MINIMUM:
            found = sys.version.split()[0]
            raise Stop(f"Python 3.11 or newer is needed and this is {found}; name a newer one: make course PYTHON=python3.12")
        if len(arguments) != 1 or arguments[0] not in commands:
            raise Stop("usage: python bootstrap.py course | test | bench")
        return commands[arguments[0]]()
    except Stop as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


# The environment


def environment(kind: str) -> None:
    """Make `.venv` hold the lock `kind` (course or test) and this project. Ready in a moment when nothing has changed.

    Raises Stop when there is no venv in this Python or pip fails.
    """
    started = time.monotonic()
    wanted = {"python": sys.version, "place": str(VENV), "project": fingerprint(ROOT / "pyproject.toml"), "kernel": EXTENSION}
    locks = {name: fingerprint(ROOT / "requirements" / (name + ".lock")) for name in ("course", "test")}
    ready = read_json(READY)
    installed = any(ready.get(name) == locks[name] for name in (kind, "test"))  # the test lock holds all of the course's
    if installed and all(ready.get(name) == value for name, value in wanted.items()):
        return
    BUILD.mkdir(exist_ok=True)
    if ready.get("python") != wanted["python"] or ready.get("place") != wanted["place"]:
        ready, installed = {}, False
        create()
    with contextlib.suppress(FileNotFoundError):
        READY.unlink()
    if not installed:
        install(kind)
        ready = {kind: locks[kind], "project": ready.get("project")}  # what another lock put here no longer counts
    if ready.get("project") != wanted["project"]:
        pip("postlib", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    KERNEL.parent.mkdir(parents=True, exist_ok=True)
    KERNEL.write_text(EXTENSION, encoding="utf-8")
    say("Compiling ...")
    # Bytecode is written here whatever PYTHONDONTWRITEBYTECODE says; a few packages carry templates that are no Python: not our fault.
    subprocess.call([str(PYTHON), "-m", "compileall", "-qq", "-j", "0", str(VENV / "lib"), str(VENV / "Lib")], stderr=subprocess.DEVNULL)
    write_json(READY, {**ready, **wanted})
    say(f"The environment is ready ({time.monotonic() - started:.0f} s).")


def create() -> None:
    """A fresh, empty `.venv`. Raises Stop when this Python cannot make one."""
    import importlib.util

    if not importlib.util.find_spec("venv") or not importlib.util.find_spec("ensurepip"):
        raise Stop("This Python cannot make a virtual environment; on Debian or Ubuntu: sudo apt install python3-venv")
    say("Making the environment in .venv (the first time takes a minute or two) ...")
    if VENV.exists():
        shutil.rmtree(str(VENV))
    python = getattr(sys, "_base_executable", sys.executable)  # not the one in the .venv that is replaced
    logged([python, "-m", "venv", str(VENV)], "venv", str)


def install(kind: str) -> None:
    """Install every package of the lock, checked against its hashes."""
    path = ROOT / "requirements" / (kind + ".lock")
    total = len(re.findall(r"^[\w.-]+==", path.read_text(), re.M))
    pip(kind, "--no-deps", "--no-compile", "--require-hashes", "--requirement", str(path), total=total)


def pip(name: str, *arguments: str, total: int = 0) -> None:
    """Run `pip install`, count the packages on the screen, keep all it says in build/pip-NAME.log."""
    seen = []

    def progress(line: str) -> None:
        if re.match(r"Collecting |Ignoring |Processing |Requirement already", line):
            seen.append(line)
            counted(len(seen), total, line)
        elif line.startswith("Installing collected"):
            say("Unpacking ...")

    command = [str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    logged(command + list(arguments), "pip-" + name, progress)


def counted(count: int, total: int, line: str) -> None:
    """The count so far: one line that is redrawn on a terminal, a line now and then in a log."""
    name = re.split(r"[=<> :]", line.split("already satisfied: ")[-1].replace("Processing ", "Collecting ").split(" ", 1)[-1])[0]
    if sys.stdout.isatty():
        print(f"\r  {count:3} of {total}  {os.path.basename(name)[:50]:50}", end="\n" if count == total else "", flush=True)
    elif count % 25 == 0 or count == total:
        say(f"  {count:3} of {total}")


def logged(command: list, name: str, each: "callable") -> None:
    """Run a command, its output into build/NAME.log and line by line to `each`. Raises Stop when it fails."""
    path = BUILD / (name + ".log")
    with open(str(path), "w", encoding="utf-8") as log, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=surroundings()
    ) as process:
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace")
            log.write(line)
            log.flush()
            each(line)
    if process.returncode:
        lines = path.read_text(encoding="utf-8").splitlines()[-LAST_LINES:]
        raise Stop("\n".join(lines) + f"\n\n{name} failed; its last lines are above, all of them in build/{name}.log")


def surroundings() -> dict:
    """The environment variables for what runs in `.venv`: its programs come first."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    return {**kept, "VIRTUAL_ENV": str(VENV), "PATH": str(BIN) + os.pathsep + os.environ.get("PATH", "")}


# The course


def course() -> int:
    """Make the environment, copy the course into `my`, start JupyterLab there; returns when it is stopped."""
    if not (ROOT / "course" / "start.ipynb").exists():
        raise Stop("course/start.ipynb is not here; is this a whole copy of the project?")
    wished = wished_port()
    environment("course")
    release()
    for sentence in copy_course(ROOT, MINE):
        say(sentence)
    return serve(free_port(wished))


def release() -> None:
    """Make the learners' version of labs that have none or an old one. What fails is said, and the course opens without."""
    labs = unreleased(ROOT)
    if labs:
        say("Preparing the labs ...")
        BUILD.mkdir(exist_ok=True)
        try:
            logged([str(PYTHON), "-m", "autograder", "release", *labs], "labs", len)
        except Stop:
            say("Not every lab could be prepared, so my/labs may lack some or hold old ones; build/labs.log says why.")


def serve(port: int) -> int:
    """Start JupyterLab in `my` at the first page; it prints the address."""
    command = [str(PYTHON), "-m", "jupyterlab", *LABSERVER, f"--ServerApp.port={port}", f"--ServerApp.root_dir={MINE}"]
    command += ["--LabApp.default_url=/lab/tree/start.ipynb"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--ServerApp.allow_root=True")  # it refuses to run as root unless told, and in a container one often is
    if not has_display():
        command.append("--ServerApp.open_browser=False")
    say("Your copy of the course is in the folder my. Stop with Ctrl-C. Starting JupyterLab ...")
    env = surroundings()
    env["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [str(ROOT / ".jupyter"), env.get("JUPYTER_CONFIG_PATH")]))
    env["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # no warning about frozen modules in a kernel
    if os.name == "nt":
        return subprocess.call(command, env=env, cwd=str(MINE))
    os.chdir(str(MINE))
    os.execve(command[0], command, env)


def wished_port() -> int:
    """The number in PORT, else the usual one. Raises Stop when it is none."""
    text = os.environ.get("PORT") or str(PORT)
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Stop(f"PORT is a number from 1 to 65535, for example PORT=9000, not {text!r}.")
    return int(text)


def free_port(wished: int) -> int:
    """The first free port from the wished one on; says so when it is another."""
    for port in range(wished, min(wished + 100, 65536)):
        with contextlib.closing(socket.socket()) as probe, contextlib.suppress(OSError):
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            if port != wished:
                say(f"Port {wished} is taken; using {port}.")
            return port
    raise Stop(f"No port from {wished} to {port} is free; choose another with PORT=")


def has_display() -> bool:
    """Whether a browser window could open here."""
    if os.environ.get("SSH_CONNECTION") or os.environ.get("CI"):
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


# The tests


def test() -> int:
    """Make the environment with the test tools and run every part; returns 1 if one failed, and prints the time of each."""
    environment("test")
    results = [(name, *timed(name, command)) for name, command in parts()]
    say("")
    for name, seconds, code in results:
        say(f"{name:10} {seconds:7.1f} s   {'ok' if code == 0 else 'NOT OK'}")
    return int(any(code for _, _, code in results))


def parts() -> list:
    """Name and command of every part; what does not exist yet is left out. pytest is last, so that its closing line is near the end."""
    typed = [folder for folder in ("postlib", "autograder") if any((ROOT / folder).rglob("*.py"))]
    lessons = [str(path.relative_to(ROOT)) for path in course_files(ROOT / "course") if path.suffix == ".ipynb"]
    pytest = ["pytest", "-q", "-n", "2", "--dist", "loadfile"]
    found = [("ruff", ["ruff", "check", "."]), ("mypy", ["mypy", "--strict", *typed])]
    if lessons:
        found.append(("lessons", [*pytest, "--nbval-lax", "--nbval-current-env", *lessons]))
    return [*found, ("pytest", [*pytest, "--durations=10", "tests"])]


def timed(name: str, command: list) -> tuple:
    """Run one part on this screen: (seconds, exit code)."""
    say(f"\n== {name}")
    started = time.monotonic()
    code = subprocess.call([str(PYTHON), "-m", *command], cwd=str(ROOT), env=surroundings())
    return time.monotonic() - started, code


# The benchmark


def bench() -> int:
    """Make the environment with the tools of the tests and the peers, and measure; the names in ROWS, or every row."""
    environment("test")
    return subprocess.call([str(PYTHON), "-m", "tests.bench", *os.environ.get("ROWS", "").split()], cwd=str(ROOT), env=surroundings())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
