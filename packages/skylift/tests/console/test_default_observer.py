"""Which view is chosen, and that choosing loads no more than it must."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

from skylift.console import default_observer
from skylift.console.plain import PlainObserver
from skylift.observer import SILENT

if TYPE_CHECKING:
    import pytest
    from skylift_tests_support.commands import Project

CHAIN = """
from skylift import pipeline, step

@step
def one() -> int:
    print("out of one")
    return 1

@step
def two(value: int) -> int:
    return value + 1

@pipeline
def chain() -> None:
    two(one())
"""
LOADED = """
import sys
sys.path.insert(0, ".")
from chain import chain
chain()
print("rich" in sys.modules)
"""


def test_plain_lines_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(default_observer(), PlainObserver)


def test_in_a_notebook_lines_go_where_cells_print(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel="it"))
    monkeypatch.setitem(sys.modules, "IPython", kernel)  # pyright: ignore[reportArgumentType]
    default_observer().note("a line")
    assert capsys.readouterr() == ("note: a line\n", "")


def test_nothing_where_there_is_no_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert default_observer() is SILENT


def test_a_run_without_a_terminal_loads_no_rich(project: Project) -> None:
    project.write("chain.py", CHAIN)
    answer = project.piped(sys.executable, "-c", LOADED)
    assert answer.out == "out of one\nFalse\n"


def test_a_dumb_terminal_gets_plain_lines(project: Project) -> None:
    project.write("chain.py", CHAIN)
    terminal = project.terminal(sys.executable, "-c", LOADED, columns=200, TERM="dumb")
    assert terminal.wait() == 0
    assert b"\x1b" not in terminal.raw
    assert "one: completed in" in terminal.seen
