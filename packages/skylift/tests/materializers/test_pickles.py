from __future__ import annotations

import io
import re
import socket
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import cloudpickle  # pyright: ignore[reportMissingTypeStubs] -- it has none
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_tests_support.round_trips import WHO, new_store, round_trip

from skylift import artifacts
from skylift.materializers import pickles
from skylift_contract.errors import MaterializationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STORE = new_store()


class Node:
    def __init__(self, *children: object) -> None:
        self.children = children

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.children == other.children

    __hash__ = None  # type: ignore[assignment]


NODES: st.SearchStrategy[Any] = st.recursive(
    st.builds(Node), lambda inner: st.lists(inner | st.integers(), max_size=3).map(lambda items: Node(*items))
)


@given(NODES)
def test_an_object(node: Any) -> None:
    found = round_trip(node, store=STORE)
    assert (found.value, found.materializer) == (node, "cloudpickle")


def test_the_record_says_what_it_was_pickled_with() -> None:
    manifest = round_trip(Node(1)).manifest
    assert manifest.materializer == "cloudpickle"
    assert manifest.details == {"python": pickles.MINOR, "cloudpickle": cloudpickle.__version__}
    assert re.fullmatch(r"3\.\d+", pickles.MINOR)


def test_functions_and_local_classes_go_by_value() -> None:
    factor = 3

    class Local:
        def times(self, x: int) -> int:
            return factor * x

    assert round_trip(Local()).value.times(2) == 6
    function: Callable[[int], int] = lambda x: x + factor  # noqa: E731
    assert round_trip(function).value(1) == 4


def test_another_minor_version_of_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(pickles, "MINOR", "3.10")
        ref = artifacts.save(STORE, Node(2), Any, WHO)
    with pytest.raises(
        MaterializationError,
        match=rf"^reader: it was pickled under another minor version of Python \(got '3\.10', limit: {pickles.MINOR}\)\. "
        r"Read it under Python 3\.10, or have its step return other data\.$",
    ):
        artifacts.load(STORE, ref, Any, "reader")


def text_file(folder: Path) -> Any:
    return (folder / "notes.txt").open("w+")


LIVE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "lock": (lambda _: threading.Lock(), "_thread.lock"),
    "generator": (lambda _: (x for x in [1]), "generator"),
    "socket": (lambda _: socket.socket(), "socket"),
    "database": (lambda _: sqlite3.connect(":memory:"), "sqlite3.Connection"),
    "written file": (text_file, "TextIOWrapper"),
    "read file": (lambda folder: (folder / "notes.txt").open(), "TextIOWrapper"),
    "binary file": (lambda folder: (folder / "notes.txt").open("rb"), "_io.BufferedReader"),
}


@pytest.mark.parametrize("name", LIVE)
@pytest.mark.parametrize("wrapped", [False, True], ids=["itself", "inside"])
def test_live_resources_are_refused_in_one_sentence(name: str, wrapped: bool, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    make, what = LIVE[name]
    resource = make(tmp_path)
    value = Node(resource) if wrapped else resource
    kind = f"{type(value).__module__}:{type(value).__qualname__}"
    try:
        with pytest.raises(MaterializationError) as caught:
            artifacts.save(STORE, value, Any, WHO)
    finally:
        resource.close() if hasattr(resource, "close") else None
    assert str(caught.value) == (
        f"{WHO}: a value of type {kind} cannot be stored: it holds a live {what}. "
        "Return data rather than a live resource, or install a materializer for its type."
    )


def test_text_in_memory_is_data() -> None:
    assert round_trip(io.StringIO("text")).value.getvalue() == "text"


def test_a_class_that_is_gone_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    ref = round_trip(Node(3), store=STORE).ref
    monkeypatch.delattr(sys.modules[__name__], "Node")
    with pytest.raises(
        MaterializationError,
        match=r"^reader: the materializer 'cloudpickle' cannot read it: AttributeError: .*'Node'.*\. "
        r"Read it with the packages that the step which saved it had\.$",
    ):
        artifacts.load(STORE, ref, Any, "reader")


def test_a_package_that_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    import types

    module = types.ModuleType("shop_models")
    module.Node = Node  # type: ignore[attr-defined]
    monkeypatch.setattr(Node, "__module__", "shop_models")
    monkeypatch.setitem(sys.modules, "shop_models", module)
    ref = artifacts.save(STORE, Node(4), Any, WHO)
    monkeypatch.delitem(sys.modules, "shop_models")
    with pytest.raises(
        MaterializationError,
        match=r"^reader: reading a shop_models:Node needs 'shop_models', which is not to be had here\. "
        r"Install shop_models, or put its folder on sys\.path\.$",
    ):
        artifacts.load(STORE, ref, Any, "reader")
