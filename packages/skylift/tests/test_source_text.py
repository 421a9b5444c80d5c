"""Functions that stand in no file, as a notebook's: what of a session they depend on."""

from __future__ import annotations

import linecache
import sys
from types import ModuleType
from typing import Any

import pytest

from skylift.source_digests import SourceDigests
from skylift.source_text import NotReadable, source_text

CELLS = """
import json
import skylift_tests_support.steps as imported
from skylift import step

SIZE = 3
UNUSED = 1

class Scale:
    def by(self, x):
        return x * FACTOR

    @staticmethod
    def plain(x):
        return helper(x) + OFFSET

    @property
    def name(self):
        return NAME

OFFSET, NAME = 1, "scale"
FACTOR = 2

def helper(x):
    return x + SIZE

@step
def own(x: int) -> int:
    return max(helper(Scale().by(x)), 0) + len([imported for _ in range(x)])
"""


class Notebook:
    """Cells whose text is kept where IPython keeps it."""

    def __init__(self) -> None:
        self.main, self.cells = sys.modules["__main__"], 0

    def run(self, text: str) -> None:
        self.cells += 1
        name = f"<cell {self.cells}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), vars(self.main))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.main, name)

    def digest(self) -> str | None:
        return SourceDigests(None).of(self.own.entrypoint)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    made = Notebook()
    made.run(CELLS)
    return made


@pytest.mark.parametrize(
    "cell",
    [
        "SIZE = 4",
        "FACTOR = 3",
        "OFFSET = 2",
        "NAME = 'other'",
        "def helper(x):\n    return x - SIZE\n",
        "@step\ndef own(x: int) -> int:\n    return 1\n",
    ],
)
def test_what_it_uses_counts(notebook: Notebook, cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _readable_classes(monkeypatch)
    before = notebook.digest()
    assert before is not None
    notebook.run(cell)
    assert notebook.digest() not in {None, before}


def _readable_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class of a prompt has a text since Python 3.13."""
    import inspect

    original = inspect.getsource

    def getsource(value: Any) -> str:
        return f"class {value.__qualname__}: ..." if isinstance(value, type) else original(value)

    monkeypatch.setattr(inspect, "getsource", getsource)


def test_what_it_does_not_use_does_not(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    _readable_classes(monkeypatch)
    before = notebook.digest()
    notebook.run("UNUSED = 2\ndef unused(): pass\n")
    assert notebook.digest() == before
    assert source_text(notebook.own.entrypoint).modules == {"skylift_tests_support.steps"}


@pytest.mark.parametrize(
    "cell",
    [
        "SIZE = object()",
        "def wrap(f):\n    return lambda x: f(x)\nhelper = wrap(helper)\n",
    ],
    ids=["a live object", "a wrapper"],
)
def test_what_cannot_be_compared_makes_it_incomparable(
    notebook: Notebook, cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _readable_classes(monkeypatch)
    notebook.run(cell)
    with pytest.raises(NotReadable):
        source_text(notebook.own.entrypoint)
    assert notebook.digest() is None


@pytest.mark.parametrize(
    ("body", "comparable"),
    [
        ("eval('SIZE')", False),
        ("exec('x = 2')", False),
        ("globals()['SIZE']", False),
        ("vars()['x']", False),
        ("__import__('math').pi", False),
        ("getattr(x, 're' + 'al')", False),
        ("list(map(getattr, [x], ['real']))", False),
        ("[eval(name) for name in ['SIZE']]", False),
        ("getattr(x, 'real')", True),
        ("getattr(x, 'eval', 0)", True),
        ("x.eval('SIZE')", True),
    ],
)
def test_what_finds_names_while_it_runs_is_never_comparable(
    notebook: Notebook, body: str, comparable: bool
) -> None:
    notebook.run(
        f"def helper(x):\n    return {body}\n\n@step\ndef own(x: int) -> int:\n    return helper(x)\n"
    )
    assert (notebook.digest() is not None) is comparable


def test_a_prompt_that_keeps_no_text(notebook: Notebook) -> None:
    exec("from skylift import step\n@step\ndef own() -> int:\n    return 1\n", vars(notebook.main))
    assert notebook.digest() is None
