from __future__ import annotations

import sys
import types
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Dict, Generic, Literal, NewType, TypeVar  # noqa: UP035
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from skylift.materializers.type_names import Unnameable, decode, encode
from skylift_contract.errors import MaterializationError

T = TypeVar("T")
UserId = NewType("UserId", int)


class Color(Enum):
    RED = "red"


class Box(BaseModel, Generic[T]):
    content: T

    class Lid(BaseModel):
        color: Color


PLAIN: st.SearchStrategy[Any] = st.sampled_from(
    [
        int,
        str,
        float,
        bool,
        bytes,
        type(None),
        Any,
        Decimal,
        UUID,
        Color,
        Box.Lid,
        Literal["a", 1, True, Color.RED],
    ]
)
ANNOTATIONS: st.SearchStrategy[Any] = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        inner.map(lambda a: list[a]),
        inner.map(lambda a: set[a]),
        inner.map(lambda a: tuple[a, ...]),
        inner.map(lambda a: Sequence[a]),
        inner.map(lambda a: a | None),
        inner.map(lambda a: Box[a]),
        st.tuples(inner, inner).map(lambda pair: dict[pair[0], pair[1]]),
        st.tuples(inner, inner).map(lambda pair: tuple[pair]),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
    ),
    max_leaves=5,
)


@given(ANNOTATIONS)
def test_a_decoded_annotation_is_the_encoded_one(annotation: Any) -> None:
    decoded = decode(encode(annotation))
    assert decoded == annotation


def test_the_forms() -> None:
    assert encode(int | None) == {"union": ["builtins:int", None]}
    assert encode(dict[str, list[int]]) == {
        "of": "builtins:dict",
        "arguments": ["builtins:str", {"of": "builtins:list", "arguments": ["builtins:int"]}],
    }
    assert encode(tuple[int, ...]) == {"of": "builtins:tuple", "arguments": ["builtins:int", "..."]}
    assert encode(Dict) == encode(dict) == "builtins:dict"  # noqa: UP006
    assert encode(Literal["a", Color.RED]) == {"literal": ["a", {"of": f"{__name__}:Color", "member": "RED"}]}
    assert encode(Annotated[list[Annotated[int, Field(gt=0)]], "score"]) == encode(list[int])
    assert encode(UserId) == "builtins:int"
    assert encode(Mapping[str, Any]) == {
        "of": "collections.abc:Mapping",
        "arguments": ["builtins:str", "typing:Any"],
    }
    assert encode(Box.Lid) == f"{__name__}:Box.Lid"


def test_a_datetime_comes_back_with_the_standard_librarys_zone() -> None:
    read = TypeAdapter(decode(encode(list[datetime]))).validate_json(
        b'["2026-01-01T00:00:00Z","2026-01-01T00:00:00"]'
    )
    assert [type(one.tzinfo) for one in read] == [type(UTC), type(None)]


def local_class() -> Any:
    class Local:
        pass

    return Local


class Renamed:
    pass


Renamed.__qualname__ = "Other"


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (local_class(), r"^<class '.*local_class\.<locals>\.Local'> cannot be imported by another process$"),
        (Renamed, r"test_type_names:Other is not the type of that name$"),
        (T, r"^~T cannot be imported by another process$"),
        (Callable[[int], str], r"^\[<class 'int'>\] cannot be imported by another process$"),
        (Iterator[int], r"^writing out a Iterator would use it up$"),
        (Generator[int, None, None], r"^writing out a Generator would use it up$"),
        (Literal[b"x"], r"^bytes in a Literal$"),
        ("text", r"^'text' cannot be imported by another process$"),
    ],
)
def test_what_has_no_name(annotation: Any, reason: str) -> None:
    with pytest.raises(Unnameable, match=reason):
        encode(annotation)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "no_such_package.models:Config",
            (
                r"^its type no_such_package\.models:Config cannot be imported here: No module named 'no_such_package'\. "
                r"Install the package of 'no_such_package\.models' or put its folder on sys\.path\.$"
            ),
        ),
        (
            "decimal:Gone",
            (
                r"^there is no type 'Gone' in decimal here\. "
                r"Use the version of 'decimal' that saved it, or keep the old name there\.$"
            ),
        ),
        ("os:system", r"^there is no type 'system' in os here\. "),
        ("os:path.join", r"^there is no type 'path\.join' in os here\. "),
        ("builtins:dict.fromkeys", r"^there is no type 'dict\.fromkeys' in builtins here\. "),
    ],
)
def test_a_name_that_stands_for_no_type_here(name: str, sentence: str) -> None:
    with pytest.raises(MaterializationError, match=sentence):
        decode(name)


def test_a_member_that_is_gone() -> None:
    with pytest.raises(MaterializationError, match=r"Color has no member 'BLUE'\.$"):
        decode({"literal": [{"of": f"{__name__}:Color", "member": "BLUE"}]})


def test_a_scripts_type_has_the_name_that_other_processes_import(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    main = types.ModuleType("__main__")
    main.__file__ = str(tmp_path / "training.py")
    (tmp_path / "training.py").touch()

    class Config:
        pass

    Config.__module__, Config.__qualname__ = "__main__", "Config"
    main.Config = Config  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert encode(Config) == "training:Config"
    assert decode("training:Config") is Config


def test_a_notebooks_type_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    main = types.ModuleType("__main__")

    class Config:
        pass

    Config.__module__, Config.__qualname__ = "__main__", "Config"
    main.Config = Config  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "__main__", main)
    with pytest.raises(
        Unnameable, match=r"^a type of a notebook or prompt cannot be imported by another process$"
    ):
        encode(Config)
