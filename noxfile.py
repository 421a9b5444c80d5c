"""The one list of commands. `nox -l` shows it; each session has an environment of its own.

An environment is what its lock says (`locks/`, made by the session `lock`) and packages of
this workspace, installed from their folders. Nothing else is in it, and a second run
installs only what changed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import nox
from uv import find_uv_bin

ROOT: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))

from documented_commands import session_names
from locks import COMPILE, LOCKS, lock_inputs
from workspace import needed, packages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workspace import Package

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "imports", "tests", "docs", "wheels"]
nox.options.stop_on_first_error = False
nox.options.error_on_missing_interpreters = True

UV: Final = find_uv_bin()
KNOWN: Final = packages()
WORK: Final = Path(".nox")
REPORTS: Final = WORK / "reports"
DOCUMENTED: Final = Path("tests/test_documented_code.py")

os.environ["UV_PYTHON_DOWNLOADS"] = "never"  # the Python at hand is the one that is tested
os.environ["PYRIGHT_PYTHON_CACHE_DIR"] = str(ROOT / ".tools" / "pyright")
os.environ["PYRIGHT_PYTHON_IGNORE_WARNINGS"] = "1"  # it would ask for a version newer than the lock's


def contents(lock: str, editable: Iterable[Package] = ()) -> list[str]:
    """The arguments of `uv pip install` after which an environment holds exactly this."""
    folders = [part for package in editable for part in ("--editable", str(package.path))]
    return ["--exact", "--no-deps", "--requirement", str(LOCKS / f"{lock}.txt"), *folders]


def beside(session: nox.Session, name: str, arguments: list[str]) -> str:
    """A further environment for a session; returns its interpreter."""
    folder = WORK / name
    if not (folder / "pyvenv.cfg").exists():
        session.run(UV, "venv", "--quiet", "--python", sys.executable, str(folder), external=True)
    python = str(folder / "bin" / "python")
    session.run(UV, "pip", "install", "--quiet", "--python", python, *arguments, external=True)
    return python


def pytest(session: nox.Session, *arguments: str) -> None:
    report = REPORTS / f"{session.name}.xml"
    session.run("pytest", f"--junitxml={report}", *arguments, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff's rules and its formatting; `-- --fix` mends what can be mended."""
    session.install(*contents("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", *(() if "--fix" in session.posargs else ("--check",)))


@nox.session
def types(session: nox.Session) -> None:
    """Pyright, strict, tests included: each package in its own environment, then the root's files."""
    session.install(*contents("types"))
    for package in KNOWN.values():
        python = beside(session, f"types-{package.short}", contents(package.short, needed(package, KNOWN)))
        session.run("pyright", "--pythonpath", python, str(package.path))
    python = beside(session, "types-across", contents("across", KNOWN.values()))
    own = [name for name in ("noxfile.py", "tools", "tests", "benchmarks") if Path(name).exists()]
    session.run("pyright", "--pythonpath", python, *own)


@nox.session
def imports(session: nox.Session) -> None:
    """The rules of who may import whom, read from the sources without importing them."""
    session.install(*contents("lint"))
    sources = os.pathsep.join(str(package.path / "src") for package in KNOWN.values())
    session.run("lint-imports", "--cache-dir", str(WORK / "import-linter"), env={"PYTHONPATH": sources})


def tests_of(package: Package, lock: str) -> None:
    """Make the session that runs one package's tests in the environment of one lock."""

    @nox.session(name=f"tests-{lock}", tags=["tests"])
    def tests(session: nox.Session) -> None:
        session.install(*contents(lock, needed(package, KNOWN)))
        pytest(session, str(package.path))


for each in KNOWN.values():
    tests_of(each, each.short)
    tests_of(each, f"{each.short}-lowest")


@nox.session(name="tests-across", tags=["tests"])
def tests_across(session: nox.Session) -> None:
    """Tests of the repository and across packages: all of tests/ but the documented code."""
    session.install(*contents("across", KNOWN.values()))
    pytest(session, "tests", f"--ignore={DOCUMENTED}")


@nox.session
def docs(session: nox.Session) -> None:
    """Every code block that a page of this repository shows, run."""
    session.install(*contents("across", KNOWN.values()))
    pytest(session, str(DOCUMENTED))


@nox.session
def wheels(session: nox.Session) -> None:
    """Each wheel with what it asks for and nothing else, in an empty environment, as a user has it."""
    session.install(*contents("lint"))
    with tempfile.TemporaryDirectory() as outside:
        dist = Path(outside) / "dist"
        for package in KNOWN.values():
            source = str(package.path)
            session.run(UV, "build", "--quiet", "--wheel", "--no-sources", "-o", str(dist), source, external=True)
        for package in KNOWN.values():
            python = alone(session, package, Path(outside))
            session.run(python, "tools/installed.py", package.name, external=True)
            session.run(
                "python", "tools/documented_code.py", "--python", python, f"{package.path}/README.md"
            )
        session.run("python", "tools/documented_code.py", "--python", alone(session, KNOWN["skylift"], Path(outside)), "README.md")


def alone(session: nox.Session, package: Package, outside: Path) -> str:
    """An environment of wheels, ours by their files: no stranger's package of our name gets in."""
    ours = [str(next((outside / "dist").glob(f"{one.module}-*.whl"))) for one in needed(package, KNOWN)]
    python = str(outside / package.name / "bin" / "python")
    session.run(UV, "venv", "--quiet", "--clear", "--python", sys.executable, str(outside / package.name), external=True)
    versions = ("--constraint", str(LOCKS / f"{package.short}.txt"))
    session.run(UV, "pip", "install", "--quiet", "--no-sources", "--python", python, *versions, *ours, external=True)
    session.run(UV, "pip", "check", "--python", python, external=True)
    return python


@nox.session
def bench(session: nox.Session) -> None:
    """The budgets, measured; bytecode is cached, as it is where people run it."""
    session.install("--compile-bytecode", *contents("across", KNOWN.values()))
    chosen = session.posargs or sorted(map(str, Path("benchmarks").glob("*.py")))
    for script in chosen:
        session.run("python", script, env={"PYTHONDONTWRITEBYTECODE": None})


@nox.session
def demo(session: nox.Session) -> None:
    """A real pipeline on this machine, in a store of its own, and what its ledger says of it."""
    session.install(*contents("example-digits", needed(KNOWN["skylift"], KNOWN)))
    home = Path(session.create_tmp()).resolve()
    env = {"XDG_DATA_HOME": str(home / "data"), "XDG_CONFIG_HOME": str(home / "config")}
    session.run("skylift", "run", "examples/digits/pipeline.py:digits", env=env)
    session.run("skylift", "runs", "list", env=env)
    listed = session.run("skylift", "runs", "list", "--output", "json", env=env, silent=True)
    run = json.loads(str(listed))[0]["id"]
    for view in ("describe", "logs", "why"):
        session.run("skylift", "runs", view, run, env=env)


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Write the locks anew, keeping what they pin where it still fits; `-- --upgrade` takes the newest."""
    inputs = lock_inputs()
    LOCKS.mkdir(exist_ok=True)
    for name, arguments in inputs.items():
        target = str(LOCKS / f"{name}.txt")
        session.run(UV, *COMPILE[1:], *arguments, "-o", target, *session.posargs, external=True, silent=True)
    for stale in {path.stem for path in LOCKS.glob("*.txt")} - set(inputs):
        (LOCKS / f"{stale}.txt").unlink()
