"""Which globals of a step count by their values, and which do not."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.source_digests import SourceDigests
from skylift.source_globals import ROOM, values_used

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FLOW = """
import json
import functools
import settings
import package.deep as deep
from settings import chosen
from skylift import step

DEPTH, UNUSED, LIVE, NAME = 3, 4, object(), "flow"

def wraps(function):
    @functools.wraps(function)
    def wrapper(x):
        return function(x)
    return wrapper

def inner(x):
    return (lambda: x + INNER)()

INNER, WRAPPED, BASE, NESTED = 1, 1, 1, {"a": [1, (2.0, None, True)], 3: b"x"}

@wraps
def wrapped(x):
    return x + WRAPPED

class Base:
    SIZE = 1

    @property
    def name(self):
        return NAME

class Scale(Base):
    @staticmethod
    def by(x):
        return x * BASE

@step
def own(x: int) -> int:
    recursive(x)
    return inner(x) + wrapped(x) + Scale().by(x) + chosen() + deep.HIDDEN + settings.DEPTH + len(NESTED)

def recursive(x):
    return recursive(x - 1) if LIVE and x else DEPTH + json.JSONDecodeError.x
"""
FILES = {
    "flow.py": FLOW,
    "settings.py": "DEPTH, OTHER, CHOSEN = 1, 1, 1\ndef chosen():\n    return CHOSEN\n",
    "package/__init__.py": "",
    "package/deep.py": "import flow\nHIDDEN = 1\n",
}
USED = {
    "DEPTH", "INNER", "WRAPPED", "BASE", "NESTED", "NAME", "Base.SIZE",
    "settings.DEPTH", "settings.CHOSEN", "package.deep.HIDDEN",
}  # fmt: skip


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    yield importlib.import_module("flow")
    for name in ("flow", "settings", "package", "package.deep"):
        del sys.modules[name]


def values(flow: Any) -> dict[str, str]:
    return SourceDigests(None).values_of(flow.own.entrypoint)


def test_what_a_step_reaches_by_name_counts(flow: Any) -> None:
    assert values(flow).keys() == USED


@pytest.mark.parametrize("name", sorted(USED))
def test_each_counts_by_its_value(flow: Any, name: str) -> None:
    before = values(flow)
    place, _, attribute = name.rpartition(".")
    setattr(flow.Base if place == "Base" else sys.modules[place or "flow"], attribute, 50)
    after = values(flow)
    assert {key for key in USED if before[key] != after[key]} == {name}


def test_what_is_no_plain_data_or_too_large_is_left_out(flow: Any) -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    circle: list[Any] = []
    circle.append(circle)
    for value in (object(), {1}, [object()], "x" * ROOM, [0] * ROOM, deep, circle, type("L", (list,), {})()):
        flow.DEPTH = value
        assert values(flow).keys() == USED - {"DEPTH"}


def test_a_path_within_the_project_counts_from_its_folder(flow: Any, tmp_path: Path) -> None:
    found: list[str] = []
    for root in (tmp_path, tmp_path / "elsewhere"):
        flow.NAME = f"{root}/data.csv"
        found.append(values_used(flow.own.entrypoint, lambda name: name == "flow", [root])["NAME"])
    assert found[0] == found[1]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
VALUE: Any = None


def reads() -> Any:
    return VALUE


@given(PLAIN, PLAIN)
def test_two_values_count_as_one_where_they_are_written_alike(one: Any, other: Any) -> None:
    found: list[str] = []
    for value in (one, other):
        globals()["VALUE"] = value
        found.append(values_used(reads, lambda name: name == __name__, [])["VALUE"])
    assert (found[0] == found[1]) is (repr(one) == repr(other))
