from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from skylift import step
from skylift.authoring import sources
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from pathlib import Path


def plain() -> int:
    return 1


@step
def decorated() -> int:
    return 2


class Kept:
    @staticmethod
    def method() -> int:
        return 3


@pytest.mark.parametrize("function", [plain, decorated.entrypoint, Kept.method])
def test_load_is_the_inverse_of_source_of(function: Any) -> None:
    source = sources.source_of(function, "step")
    assert source.startswith(f"{__name__}:")
    assert sources.load(source) is function


def test_a_function_of_another_process_is_imported() -> None:
    assert sources.load("graphlib:TopologicalSorter.prepare").__name__ == "prepare"


def test_a_function_inside_a_function_is_refused() -> None:
    def hidden() -> None: ...

    with pytest.raises(
        AuthoringError,
        match=r"^step 'x': it is defined inside a function.*Define it at the top level of a module\.$",
    ):
        sources.source_of(hidden, "step 'x'")


def test_a_lambda_is_refused() -> None:
    with pytest.raises(AuthoringError, match="where no other process can import it"):
        sources.source_of(lambda: 1, "step")


def test_a_name_that_was_taken_by_another_function_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    first = plain
    monkeypatch.setattr(sys.modules[__name__], "plain", decorated)
    with pytest.raises(AuthoringError, match=r":plain is another function by now"):
        sources.source_of(first, "step")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(AuthoringError, match=r"^no_such_module:f: it cannot be imported: No module named"):
        sources.load("no_such_module:f")
    with pytest.raises(AuthoringError, match=r"^graphlib:f: there is no 'f' in graphlib\.$"):
        sources.load("graphlib:f")


SCRIPT = """
from skylift import step
from skylift.authoring.sources import source_of
@step
def work() -> None: ...
print(source_of(work.entrypoint, "step"))
"""


def _run(argv: list[str], cwd: Path, script: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *argv], cwd=cwd, input=script, capture_output=True, text=True, check=False
    )


def test_a_script_is_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "daily_report.py").write_text(SCRIPT)
    assert _run(["daily_report.py"], tmp_path).stdout == "daily_report:work\n"


def test_a_module_run_with_m_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    (tmp_path / "pkg" / "daily.py").write_text(SCRIPT)
    assert _run(["-m", "pkg.daily"], tmp_path).stdout == "pkg.daily:work\n"


def test_a_prompt_has_a_module_of_its_own(tmp_path: Path) -> None:
    assert _run(["-"], tmp_path, SCRIPT).stdout == f"{sources.INTERACTIVE}:work\n"


@pytest.mark.parametrize("name", ["random.py", "my.script.py"])
def test_a_script_that_no_import_would_find_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(SCRIPT)
    assert "a script of this name cannot be imported" in _run([name], tmp_path).stderr


AGAIN = """
def work() -> None: ...
first = work
def work() -> None: ...
from skylift.authoring.sources import source_of
source_of(first, "step 'first'")
"""


def test_an_earlier_definition_of_a_prompt_is_refused(tmp_path: Path) -> None:
    assert _run(["-"], tmp_path, AGAIN).stderr.splitlines()[-1] == (
        "skylift_contract.errors.AuthoringError: step 'first': 'work' has been defined anew since this was "
        "made of it, and the last definition counts. Run the cell again that makes this of it; or give each "
        "its own name."
    )


def test_what_another_prompt_defined_cannot_be_loaded() -> None:
    with pytest.raises(
        AuthoringError,
        match=r"^__main__:never: it was defined in a notebook or at a prompt, and exists in that process only\. "
        r"Move it to a module\.$",
    ):
        sources.load("__main__:never")


@pytest.mark.parametrize(
    ("shell", "is_typed", "place", "holder"),
    [
        (True, False, "in a notebook", "the notebook"),
        (False, True, "at an interactive prompt", "this session"),
        (False, False, "in a program that is no file", "the program"),
    ],
)
def test_where_a_function_is_that_no_other_process_has(
    monkeypatch: pytest.MonkeyPatch, shell: bool, is_typed: bool, place: str, holder: str
) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.delattr(sys, "ps1", raising=False)
    if shell:
        kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel="it"))
        monkeypatch.setitem(sys.modules, "IPython", kernel)  # pyright: ignore[reportArgumentType]
    if is_typed:
        monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    assert sources.is_notebook() is shell
    with pytest.raises(
        AuthoringError,
        match=rf"^step 'a': it is defined {place}: it exists in this process only, and why\. "
        rf"Move it to a module that {holder} imports, or do without\.$",
    ):
        sources.check_importable("__main__:a", "step 'a'", "why", "do without")
    sources.check_importable("module:a", "step 'a'", "why", "do without")
