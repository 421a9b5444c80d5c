from __future__ import annotations

import subprocess
import sys
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
