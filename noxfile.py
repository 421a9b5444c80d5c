"""The one list of commands. `nox -l` shows it; each session has an environment of its own.

An environment is what its lock says (`locks/`, made by the session `lock`) and packages of
this workspace, installed from their folders. Nothing else is in it, and a second run
installs only what changed.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import nox
from nox.command import CommandFailed
from uv import find_uv_bin

ROOT: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))

from locks import COMPILE, LOCKS, lock_inputs
from matrix import install_wheels
from new_plugin import NewPluginError, make_plugin
from workspace import needed, needed_by_tests, packages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workspace import Package

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.stop_on_first_error = False
nox.options.error_on_missing_interpreters = True

UV: Final = find_uv_bin()
KNOWN: Final = packages()
OLDEST: Final = (3, 11)
WORK: Final = Path(".nox")
REPORTS: Final = WORK / "reports"
OWN: Final = ("conftest.py", "noxfile.py", "tools", "tests", "benchmarks")
DOCUMENTED: Final = Path("tests/test_documented_code.py")

os.environ["UV_PYTHON_DOWNLOADS"] = "never"  # the Python at hand is the one that is tested
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


nox.options.sessions = [
    *("lint", "types", "imports"),
    *(f"tests-{package.short}{bounds}" for package in KNOWN.values() for bounds in ("", "-lowest")),
    *("tests-vertex-kfp", "tests-across", "docs", "wheels", "demo"),
]
"""What CI runs, quick answers first."""


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff's rules and its formatting; `-- --fix` mends what can be mended."""
    session.install(*contents("lint"))
    session.run("ruff", "format", *(() if "--fix" in session.posargs else ("--check",)))
    session.run("ruff", "check", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Pyright, strict, tests included: each package in its own environment, then the root's files."""
    session.install(*contents("types"))
    inputs = {p.short: ([str(p.path)], needed_by_tests(p, KNOWN)) for p in KNOWN.values()}
    inputs["across"] = ([name for name in OWN if Path(name).exists()], list(KNOWN.values()))
    wrong = [name for name, (paths, has) in inputs.items() if not well_typed(session, name, paths, has)]
    with tempfile.TemporaryDirectory() as outside:
        project = plugin_as_made(Path(outside))
        if not well_typed(session, "across", ["--project", project], list(KNOWN.values())):
            wrong.append("templates/plugin")
    if wrong:
        session.error(f"pyright has findings in: {', '.join(wrong)}")


def plugin_as_made(outside: Path) -> str:
    """Make a plugin of the template outside the workspace; pyright's settings for it."""
    (outside / "templates").symlink_to(ROOT / "templates")
    for name in ("pyproject.toml", "LICENSE"):
        (outside / name).write_text((ROOT / name).read_text())
    made = make_plugin("airship", outside).relative_to(outside)
    settings = {"typeCheckingMode": "strict", "include": [str(made)], "extraPaths": [f"{made}/src"]}
    (outside / "pyrightconfig.json").write_text(json.dumps(settings))
    return str(outside / "pyrightconfig.json")


def well_typed(session: nox.Session, lock: str, paths: list[str], editable: Iterable[Package]) -> bool:
    python = beside(session, f"types-{lock}", contents(lock, editable))
    try:
        session.run("pyright", "--pythonpath", python, *paths)
    except CommandFailed:
        return False
    return True


@nox.session
def imports(session: nox.Session) -> None:
    """The rules of who may import whom, read from the sources without importing them."""
    session.install(*contents("lint"))
    sources = os.pathsep.join(str(package.path / "src") for package in KNOWN.values())
    session.run("lint-imports", "--cache-dir", str(WORK / "import-linter"), env={"PYTHONPATH": sources})


MARKS: Final = {"lowest": "not slow and not docker", "kfp": "kfp"}  # what runs in further environments


def tests_of(package: Package, lock: str) -> None:
    """Make the session that runs one package's tests in the environment of one lock."""

    @nox.session(name=f"tests-{lock}", tags=["tests"])
    def tests(session: nox.Session) -> None:
        if lock.endswith("-lowest") and sys.version_info[:2] != OLDEST:
            session.skip("the lower bounds are tried on Python 3.11, whose wheels they have")
        session.install(*contents(lock, needed_by_tests(package, KNOWN)))
        pytest(session, str(package.path), "-m", MARKS.get(lock.rpartition("-")[2], ""))


for each in KNOWN.values():
    tests_of(each, each.short)
    tests_of(each, f"{each.short}-lowest")
tests_of(KNOWN["skylift-vertex"], "vertex-kfp")


@nox.session(name="tests-across", tags=["tests"])
def tests_across(session: nox.Session) -> None:
    """Tests of the repository and across packages: all of tests/ but the documented code."""
    session.install(*contents("across", KNOWN.values()))
    pytest(session, "tests", f"--ignore={DOCUMENTED}")


@nox.session
def conformance(session: nox.Session) -> None:
    """The kit on every flavor of this workspace, and what it found written into the docs."""
    session.install(*contents("across", KNOWN.values()))
    files = [
        "shared/skylift-testkit/tests/test_local.py",
        *Path().glob("packages/*/tests/test_conformance.py"),
    ]
    report = Path(session.create_tmp()).resolve() / "report.json"
    pytest(session, f"--conformance-report={report}", *map(str, files))
    session.run("python", "tools/conformance.py", str(report))


@nox.session
def docs(session: nox.Session) -> None:
    """The pages as they look in a browser, a warning being an error; and every code block on them, run."""
    session.install(*contents("across", KNOWN.values()))
    session.run("mkdocs", "build", "--quiet", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})
    pytest(session, str(DOCUMENTED))


@nox.session
def wheels(session: nox.Session) -> None:
    """Each wheel with what it asks for and nothing else, in an empty environment, as a user has it."""
    session.install(*contents("across"))
    with tempfile.TemporaryDirectory() as outside:
        build = (UV, "build", "--quiet", "--wheel", "--no-sources", "-o", str(Path(outside) / "dist"))
        for package in KNOWN.values():
            session.run(*build, str(package.path), external=True)
        for package in KNOWN.values():
            python = alone(session, package, Path(outside))
            session.run(python, "tools/installed.py", package.name, external=True)
            session.run("python", "tools/documented_code.py", "--python", python, f"{package.path}/README.md")
        quickstart = alone(session, KNOWN["skylift"], Path(outside))
        session.run("python", "tools/documented_code.py", "--python", quickstart, "README.md")


def alone(session: nox.Session, package: Package, outside: Path) -> str:
    """An environment of wheels, ours by their files: no stranger's package of our name gets in."""
    ours = [str(next((outside / "dist").glob(f"{one.module}-*.whl"))) for one in needed(package, KNOWN)]
    python = str(outside / package.name / "bin" / "python")
    folder = str(outside / package.name)
    session.run(UV, "venv", "--quiet", "--clear", "--python", sys.executable, folder, external=True)
    versions = ("--constraint", str(LOCKS / f"{package.short}.txt"))
    session.run(
        UV, "pip", "install", "--quiet", "--no-sources", "--python", python, *versions, *ours, external=True
    )
    session.run(UV, "pip", "check", "--python", python, external=True)
    return python


def tested_from_wheels(
    session: nox.Session, plugin: Package, lock: str, contract: str, names: Iterable[str]
) -> None:
    """Tests of a plugin by their modules, on its wheel, those of ours that it needs, and a lock."""
    install_wheels(session, needed_by_tests(plugin, KNOWN), LOCKS / f"{lock}.txt", contract)
    pytest(session, *(f"{plugin.path}/tests/test_{name}.py" for name in names))


def matrix_of(package: Package, names: tuple[str, ...]) -> None:
    """Make the session that runs a plugin from its wheel, with the oldest and the newest that it allows."""

    @nox.session(name=f"matrix-{package.short}")
    @nox.parametrize("bounds", ["-lowest", ""], ids=["floor", "newest"])
    @nox.parametrize("contract", ["floor", "newest"])
    def matrix(session: nox.Session, bounds: str, contract: str) -> None:
        tested_from_wheels(session, package, f"{package.short}{bounds}", contract, names)


matrix_of(KNOWN["skylift-docker"], ("conformance", "runs", "setups", "building", "cli"))
matrix_of(KNOWN["skylift-vertex"], ("client", "compile", "conformance", "shows"))


@nox.session(name="matrix-sagemaker")
@nox.parametrize("boto3", ["floor", "newest"])
@nox.parametrize("sagemaker", ["absent", "v3"])
@nox.parametrize("contract", ["floor", "newest"])
def matrix_sagemaker(session: nox.Session, boto3: str, sagemaker: str, contract: str) -> None:
    """The plugin from its wheel, on the oldest and the newest boto3, with SageMaker's own SDK or without."""
    lock = f"sagemaker{'-sdk' if sagemaker == 'v3' else ''}{'-lowest' if boto3 == 'floor' else ''}"
    names = ("sdk", "client", "compile", "deploying", "scheduling", "conformance", "shows")
    tested_from_wheels(session, KNOWN["skylift-sagemaker"], lock, contract, names)


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
    env = {"SKYLIFT_STORE_URI": (home / "store").as_uri(), "XDG_CONFIG_HOME": str(home / "config")}
    session.run("skylift", "run", "examples/digits/pipeline.py:digits", env=env)
    session.run("skylift", "runs", "list", env=env)
    listed = session.run("skylift", "runs", "list", "--output", "json", env=env, silent=True)
    run = json.loads(str(listed))["runs"][0]["id"]
    for view in ("describe", "logs"):
        session.run("skylift", "runs", view, run, env=env)
    # What the reader is told to type is typed here: in a shell that knows nothing of this environment.
    tools = shlex.quote(str(Path(session.bin).resolve()))
    setup = f'export PATH={tools}:"$PATH" SKYLIFT_STORE_URI={shlex.quote(env["SKYLIFT_STORE_URI"])}'
    session.run("sh", "-c", f"PATH=/usr/bin:/bin; {setup}; cd / && skylift runs why {run}", external=True)
    session.log(f"to type what stands behind `next:` above, in your own shell, first: {setup}")


@nox.session(name="new-plugin")
def new_plugin(session: nox.Session) -> None:
    """Make a package for a new platform, from templates/plugin: `-- NAME`."""
    if len(session.posargs) != 1:
        session.error("name the plugin: nox -s new-plugin -- NAME")
    try:
        package = make_plugin(session.posargs[0], ROOT)
    except NewPluginError as error:
        session.error(str(error))
    session.install(*contents("lint"))
    session.run("ruff", "check", "--quiet", "--fix", "--select", "I", str(package))  # the name moves imports
    session.run("ruff", "format", "--quiet", str(package))
    session.log(
        f"made {package.name}; write it, then: nox -s lock lint types imports tests-{session.posargs[0]}"
    )


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Write the locks anew, keeping what they pin where it still fits; `-- --upgrade` takes the newest."""
    inputs = lock_inputs()
    LOCKS.mkdir(exist_ok=True)
    for name, arguments in inputs.items():
        target = str(LOCKS / f"{name}.txt")
        command = (UV, *COMPILE[1:], *arguments, "-o", target, *session.posargs)
        session.run(*command, external=True, silent=True, log=False)
        session.log(target)
    for stale in {path.stem for path in LOCKS.glob("*.txt")} - set(inputs):
        (LOCKS / f"{stale}.txt").unlink()
