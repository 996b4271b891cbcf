"""pyproject.toml is the one list of dependencies: the locks and environment.yml say the same, and nothing in git is tied to one machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import bootstrap

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("course", "test")
REGISTRY_HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "deb.debian" + ".org", "conda.anaconda" + ".org")
MACHINE_PATH = re.compile(r"(?<![\w.$}~-])/(home|work|root)/")


@cache
def project() -> dict[str, object]:
    """The [project] table."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert isinstance(table, dict)
    return table


def requirements(*groups: str) -> list[Requirement]:
    """What pyproject.toml asks for, with these optional groups."""
    optional = project()["optional-dependencies"]
    dependencies = project()["dependencies"]
    assert isinstance(optional, dict) and isinstance(dependencies, list)
    return [Requirement(text) for text in [*dependencies, *(text for group in groups for text in optional[group])]]


def everything() -> list[Requirement]:
    """All that pyproject.toml asks for."""
    optional = project()["optional-dependencies"]
    assert isinstance(optional, dict)
    return requirements(*optional)


def lock_text(kind: str) -> str:
    """The text of requirements/KIND.lock."""
    return (ROOT / "requirements" / f"{kind}.lock").read_text()


def pins(kind: str) -> dict[str, set[str]]:
    """Name -> versions of a lock; more than one where Pythons differ."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^ ;\\]+)", lock_text(kind), re.M):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def tracked() -> list[Path]:
    """The files in git."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip(f"not a git checkout: {listing.stderr.strip()}")
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def readable(path: Path) -> str:
    """A file's text; empty for a picture and the like."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize(
    ("kind", "groups"), [("course", ("course", "second-opinion")), ("test", ("course", "second-opinion", "cluster", "bench", "test"))]
)
def test_a_lock_satisfies_the_list(kind: str, groups: tuple[str, ...]) -> None:
    """Every requirement is pinned to a version that it allows."""
    locked = pins(kind)
    wrong = [str(r) for r in requirements(*groups) if not all(map(r.specifier.contains, locked.get(canonicalize_name(r.name), {"0"})))]
    assert not wrong, "run `make lock`"


def test_the_locks_agree() -> None:
    """What a learner runs is what the tests ran."""
    assert pins("course").items() <= pins("test").items()


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_has_hashes_and_no_address(kind: str) -> None:
    """Each package is checked as it comes, from whatever registry this machine uses."""
    text = lock_text(kind)
    packages = re.split(r"^(?=[\w.-]+==)", text, flags=re.M)[1:]
    assert packages and all("--hash=sha256:" in package for package in packages)
    assert "://" not in text
    assert "index" not in re.findall(r"^--(\w+)", text, re.M)


def test_environment_yml_is_the_same_list() -> None:
    """The same names with the same bounds, whether from conda-forge or under pip."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    under_pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    listed = [Requirement(text) for text in [*entries, *under_pip] if isinstance(text, str) and not text.startswith("-")]
    bounds = {canonicalize_name(r.name): str(r.specifier) for r in listed}
    wanted = {canonicalize_name(r.name): str(r.specifier) for r in everything()}
    assert bounds.pop("pip") == ""
    assert bounds == wanted | {"python": project()["requires-python"]}
    assert len(listed) == len(wanted) + 2  # no name twice


def test_an_extra_is_asked_for_under_pip() -> None:
    """conda has no extras."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    under_pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    assert {str(r) for r in everything() if r.extras} <= set(under_pip)


def test_the_oldest_python_is_said_once() -> None:
    """bootstrap.py refuses what pyproject.toml refuses."""
    assert project()["requires-python"] == ">=" + ".".join(map(str, bootstrap.MINIMUM))


def test_no_file_names_a_registry_host() -> None:
    """Where packages come from is the machine's own setting."""
    assert not [(path.name, host) for path in tracked() for host in REGISTRY_HOSTS if host in readable(path)]


def test_no_file_names_a_path_of_one_machine() -> None:
    """Outside the tests, where such paths are made up."""
    assert not [path for path in tracked() if path.relative_to(ROOT).parts[0] != "tests" and MACHINE_PATH.search(readable(path))]
