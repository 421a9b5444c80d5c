"""What changes the digest of a step's source, and what does not."""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skylift.code import is_installed, source_tree
from skylift.source_digests import SourceDigests
from skylift.source_files import CHANGED, begin

if TYPE_CHECKING:
    from collections.abc import Generator

FILES = {
    "flow.py": """
import json
import plain
import package.deep.inner
from other import thing as renamed
import importlib

def step():
    import lazy
    return importlib.import_module("by_name")

def another():
    pass
""",
    "plain.py": "import transitive\n",
    "transitive.py": "import flow  # a circle\n",
    "package/__init__.py": "",
    "package/deep/__init__.py": "",
    "package/deep/inner.py": "from . import sibling\nfrom ..top import *\n",
    "package/deep/sibling.py": "",
    "package/top.py": "",
    "package/unused.py": "",
    "other.py": "thing = 1\n",
    "lazy.py": "",
    "by_name.py": "",
    "unrelated.py": "",
    "data.csv": "1\n",
}


class Project:
    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def digest(self, function: str = "step", module: str = "flow") -> str | None:
        """As a process would find it, which keeps nothing."""
        importlib.invalidate_caches()
        begin()
        try:
            found: Any = importlib.import_module(module)
            return SourceDigests(source_tree(Path(str(found.__file__)))).of(getattr(found, function))
        finally:
            self.forget()

    def forget(self) -> None:
        for name, loaded in list(sys.modules.items()):
            if str(self.root) in str(getattr(loaded, "__file__", "")):
                del sys.modules[name]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Project]:
    made = Project(tmp_path / "project")
    for name, text in FILES.items():
        made.write(name, text)
    monkeypatch.setattr(sys, "path", [str(made.root), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    importlib.invalidate_caches()
    yield made
    made.forget()


IMPORTED = [
    "flow.py",
    "plain.py",
    "transitive.py",
    "package/__init__.py",
    "package/deep/__init__.py",
    "package/deep/inner.py",
    "package/deep/sibling.py",
    "package/top.py",
    "other.py",
    "lazy.py",
    "by_name.py",
]


@pytest.mark.parametrize("name", IMPORTED)
def test_what_is_imported_counts(project: Project, name: str) -> None:
    before = project.digest()
    project.write(name, (project.root / name).read_text() + "\n# more\n")
    assert project.digest() != before


@pytest.mark.parametrize("name", sorted(FILES.keys() - IMPORTED))
def test_what_is_not_imported_does_not(project: Project, name: str) -> None:
    before = project.digest()
    project.write(name, "2\n")
    assert project.digest() == before


def test_the_packages_that_a_module_lies_in_count(project: Project) -> None:
    project.write("package/deep/alone.py", "def step(): ...\n")
    before = project.digest(module="package.deep.alone")
    project.write("package/__init__.py", "import unrelated\n")
    with_more = project.digest(module="package.deep.alone")
    project.write("unrelated.py", "x = 1\n")
    assert len({before, with_more, project.digest(module="package.deep.alone")}) == 3


def test_two_functions_of_a_module_are_two(project: Project) -> None:
    assert project.digest("step") != project.digest("another")


def test_what_is_imported_under_another_name_is_another(project: Project) -> None:
    before = project.digest()
    project.write("namesake.py", "thing = 1\n")
    project.write("flow.py", (project.root / "flow.py").read_text().replace("from other", "from namesake"))
    assert project.digest() != before


def test_it_does_not_depend_on_where_the_project_lies(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = project.digest()
    moved = Project(tmp_path / "moved")
    project.root.rename(moved.root)
    monkeypatch.setattr(sys, "path", [str(moved.root), *sys.path])
    assert moved.digest() == before


def test_a_module_that_cannot_be_parsed_counts_by_its_bytes(project: Project) -> None:
    project.write("lazy.py", "this is no Python")
    before = project.digest()
    project.write("lazy.py", "nor is this")
    assert project.digest() != before


def test_an_ignored_file_that_is_imported_counts(project: Project) -> None:
    """It is not sent along; where the step runs in this process it is what runs."""
    project.write(".skyliftignore", "lazy.py\n")
    before = project.digest()
    project.write("lazy.py", "changed = True\n")
    assert project.digest() != before


def _no_tree(_: Path) -> None:
    pass


def test_without_a_tree_the_project_is_read_from_the_disk(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "source_tree", _no_tree)
    before = project.digest()
    project.write("transitive.py", "changed = True\n")
    assert before is not None
    assert project.digest() not in {None, before}


def test_what_is_installed_is_no_part_of_a_project() -> None:
    assert is_installed(Path(pytest.__file__))
    assert is_installed(Path("/usr/lib/python3/dist-packages/numpy"))
    assert not is_installed(Path(__file__))


def test_of_a_step_that_a_package_brings_the_packages_own_modules_count(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = Project(tmp_path / "site-packages")
    installed.write("library/__init__.py", "")
    installed.write(
        "library/steps.py", "import json, another_library\nfrom .inner import x\ndef step(): ...\n"
    )
    installed.write("library/inner.py", "x = 1\n")
    installed.write("another_library.py", "")
    monkeypatch.setattr(sys, "path", [str(installed.root), *sys.path])

    before = installed.digest(module="library.steps")
    installed.write("another_library.py", "changed = True\n")
    assert installed.digest(module="library.steps") == before
    installed.write("library/inner.py", "x = 22\n")
    assert installed.digest(module="library.steps") not in {None, before}


def test_skylift_itself_is_no_part_of_a_step(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is worked on, its folder is on the path like a project's."""
    without = project.digest()
    project.write("transitive.py", "import flow, skylift  # a circle\n")
    used = project.digest()
    monkeypatch.setattr("skylift.source_digests.OURS", frozenset[str]())
    assert used != without
    assert project.digest() != used


def test_what_was_saved_since_it_was_loaded_has_no_digest(project: Project) -> None:
    """What was imported before runs, and it is not what the file says."""
    loaded: Any = importlib.import_module("flow")
    begin()
    before = SourceDigests(None).of(loaded.step)
    project.write("unrelated.py", "x = 2\n")
    assert before == SourceDigests(None).of(loaded.step) != CHANGED
    project.write("package/top.py", "x = 2\n")
    later = time.time_ns() + 10**9  # a file's clock is behind, by less than can be told here
    os.utime(project.root / "package/top.py", ns=(later, later))
    assert SourceDigests(None).of(loaded.step) == CHANGED


def test_an_older_file_that_is_put_in_its_place_is_seen(project: Project) -> None:
    loaded: Any = importlib.import_module("flow")
    project.write("old.py", "x = 2\n")
    begin()
    assert SourceDigests(None).of(loaded.step) != CHANGED
    begun = time.time_ns()
    (project.root / "old.py").replace(project.root / "lazy.py")
    while (project.root / "lazy.py").stat().st_ctime_ns <= begun:  # its clock is behind
        (project.root / "lazy.py").chmod(0o600)
    assert SourceDigests(None).of(loaded.step) == CHANGED
