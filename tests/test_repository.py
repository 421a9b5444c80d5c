"""Things that rot unseen: versions, files a package must have, sizes, names, paths, locks."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement

from locks import LOCKS, lock_inputs, locked
from workspace import ROOT, Package, distribution, needed, packages

KNOWN: Final = packages()
EACH: Final = pytest.mark.parametrize("package", KNOWN.values(), ids=lambda package: package.name)

FILE_LINES: Final = 300
FUNCTION_LINES: Final = 40


@cache
def tracked() -> tuple[Path, ...]:
    """The files git has, or would have: what an ignore rule covers is not in it."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return tuple(
        path for name in listed.split("\0") if name and (path := Path(name)) and (ROOT / path).is_file()
    )


def sources() -> list[Path]:
    """The Python that is shipped or builds what is; tests may be as long as they need."""
    return [
        path for path in tracked() if path.suffix == ".py" and not {"tests", "templates"} & set(path.parts)
    ]


def long_functions(source: str) -> list[tuple[str, int]]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    lengths = [(node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in found]
    return [(name, lines) for name, lines in lengths if lines > FUNCTION_LINES]


@EACH
def test_a_package_has_its_files(package: Package) -> None:
    wanted = ["README.md", "CHANGELOG.md", "LICENSE", "tests", f"src/{package.module}/py.typed"]
    assert [name for name in wanted if not (ROOT / package.path / name).exists()] == []
    assert (ROOT / package.path / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


@EACH
def test_a_package_says_what_its_wheel_must(package: Package) -> None:
    project = package.data["project"]
    assert project["license"] == "Apache-2.0"
    assert project["license-files"] == ["LICENSE"]
    assert project["readme"] == "README.md"
    assert project["requires-python"] == ">=3.11"
    assert project["description"].endswith(".")
    assert "test" in package.data["dependency-groups"]
    assert package.data["build-system"]["build-backend"] == "uv_build"


@EACH
def test_a_package_has_one_version(package: Package) -> None:
    version = package.data["project"]["version"]
    written = re.search(
        r'^__version__\b.*"(.+)"$', (ROOT / package.source / "__init__.py").read_text(), re.MULTILINE
    )
    assert written is None or written[1] == version
    assert f"## {version}" in (ROOT / package.path / "CHANGELOG.md").read_text()


@EACH
def test_siblings_are_required_in_a_range_that_holds_theirs(package: Package) -> None:
    for text in package.requirements:
        requirement = Requirement(text)
        if sibling := KNOWN.get(distribution(text)):
            assert requirement.specifier.contains(sibling.data["project"]["version"]), text
            assert {"<", ">="} <= {one.operator for one in requirement.specifier}, f"{text} is open at an end"


@EACH
def test_every_import_is_of_something_declared(package: Package) -> None:
    """One environment for all would hide an undeclared dependency; the sources do not."""
    allowed = _import_names(package)
    used = {
        (name, str(path))
        for path in sources()
        if path.is_relative_to(package.source)
        for name in _imported((ROOT / path).read_text())
    }
    assert {(name, path) for name, path in used if name not in allowed} == set()


COMPANIONS: Final = {"pydantic": "pydantic_core", "boto3": "botocore"}
"""Two distributions that are one library: the first pins the second and shows its names."""


def _import_names(package: Package) -> set[str]:
    import sys
    from importlib.metadata import packages_distributions

    extras: dict[str, list[str]] = package.data["project"].get("optional-dependencies", {})
    declared = {distribution(text) for group in (package.requirements, *extras.values()) for text in group}
    below = {part.name for part in needed(package, KNOWN)}
    ours = {KNOWN[name].module for name in below | (declared & KNOWN.keys())}
    theirs = {
        module
        for module, distributions in packages_distributions().items()
        if declared & {distribution(name) for name in distributions}
    }
    companions = {COMPANIONS[name] for name in declared if name in COMPANIONS}
    return ours | theirs | companions | set(sys.stdlib_module_names)


def _imported(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_the_contract_needs_pydantic_and_nothing_else() -> None:
    assert {distribution(text) for text in KNOWN["skylift-contract"].requirements} == {"pydantic", "tzdata"}


def test_no_file_is_too_long() -> None:
    lengths = {str(path): len((ROOT / path).read_text().splitlines()) for path in sources()}
    assert {path: lines for path, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    found = {str(path): long_functions((ROOT / path).read_text()) for path in sources()}
    assert {path: functions for path, functions in found.items() if functions} == {}


def test_a_function_at_the_limit_is_not_too_long() -> None:
    body = "    x = 1\n"
    assert long_functions("def f():\n" + body * (FUNCTION_LINES - 1)) == []
    assert long_functions("class A:\n  async def f():\n" + body * FUNCTION_LINES) == [
        ("f", FUNCTION_LINES + 1)
    ]


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils.py", "util.py", "helpers.py", "misc.py"}
    assert [str(path) for path in tracked() if path.name in drawers] == []


def test_nothing_names_a_package_index_or_a_machine() -> None:
    # Written in two halves, so that this file does not hold what it looks for.
    hosts = ["pypi" + ".org", "files.python" + "hosted.org", "registry.npm" + "js.org", "find" + "-links = "]
    paths = [
        "/ro" + "ot/",
        "/ho" + "me/",
        "/Us" + "ers/",
        "/opt/py" + "pi",
        "/opt/wh" + "eels",
        str(ROOT) + "/",
    ]
    pattern = re.compile("|".join(map(re.escape, [*hosts, *paths])).encode())
    found = {
        str(path): match[0] for path in tracked() if (match := pattern.search((ROOT / path).read_bytes()))
    }
    assert found == {}


@pytest.mark.parametrize("name", lock_inputs())
def test_a_lock_is_there_with_hashes_and_no_place(name: str) -> None:
    lines = (ROOT / LOCKS / f"{name}.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith(" ")]
    assert [pin for pin in pins if not re.match(r"[a-z0-9][\w.-]*==\S+( ; .+)? \\$", pin)] == []
    assert [line for line in lines if line.startswith(" ") and "--hash=sha256:" not in line] == []


def test_no_lock_is_left_of_what_is_gone() -> None:
    assert {path.stem for path in (ROOT / LOCKS).iterdir()} == set(lock_inputs())


@EACH
def test_the_locks_hold_what_the_package_asks_for(package: Package) -> None:
    """A requirement that changed without `nox -s lock` is found here, without a network."""
    for name in (package.short, f"{package.short}-lowest", "across"):
        pins = locked(ROOT / LOCKS / f"{name}.txt")
        wanted = [*package.requirements, *package.data["dependency-groups"]["test"]]
        for requirement in map(Requirement, wanted):
            versions = pins.get(distribution(requirement.name), set())
            ours = distribution(requirement.name) in KNOWN
            fits = bool(versions) and all(requirement.specifier.contains(each) for each in versions)
            assert ours or fits, f"{name}.txt pins {requirement.name} {versions}: run `nox -s lock`"


def test_every_package_is_in_the_import_rules() -> None:
    rules = _root()["tool"]["importlinter"]
    assert {package.module for package in KNOWN.values()} == set(rules["root_packages"])


def test_every_package_comes_from_the_workspace() -> None:
    assert set(_root()["tool"]["uv"]["sources"]) == set(KNOWN)


def test_ruff_checks_many_kinds_of_fault() -> None:
    assert len(set(_root()["tool"]["ruff"]["lint"]["select"])) >= 30


def _root() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())
