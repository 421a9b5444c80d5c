from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace import distribution, needed, needed_by_tests, packages

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, folder: str, name: str, dependencies: list[str]) -> None:
    (root / folder).mkdir(parents=True)
    (root / folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\ndependencies = {dependencies}\n'
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "shared/base", "base", ["pydantic>=2"])
    write(tmp_path, "packages/middle", "middle", ["base>=0.1,<1", "rich"])
    write(tmp_path, "packages/top", "top-it", ["middle>=1", "base"])
    return tmp_path


def test_packages_are_found_by_their_own_names(root: Path) -> None:
    assert list(packages(root)) == ["base", "middle", "top-it"]
    assert packages(root)["top-it"].source.parts[-3:] == ("top", "src", "top_it")


def test_what_is_needed_comes_first_and_once(root: Path) -> None:
    known = packages(root)
    assert [p.name for p in needed(known["top-it"], known)] == ["base", "middle", "top-it"]


def test_what_tests_need_besides_is_needed_by_them_alone(root: Path) -> None:
    file = root / "packages/middle/pyproject.toml"
    file.write_text(f'{file.read_text()}\n[dependency-groups]\ntest = ["pytest", "kit>=1"]\n')
    write(root, "shared/kit", "kit", ["base"])
    known = packages(root)
    assert [p.name for p in needed_by_tests(known["middle"], known)] == ["base", "kit", "middle"]
    assert [p.name for p in needed(known["middle"], known)] == ["base", "middle"]


@given(
    st.from_regex(r"[a-z][a-z0-9]{0,5}([-_.][a-z0-9]{1,4}){0,2}", fullmatch=True),
    st.sampled_from(["", ">=1", "[x,y]>=1", " ; python_version > '3'", "@ file:x"]),
)
def test_a_requirements_name_is_normalized(name: str, rest: str) -> None:
    expected = name.replace("_", "-").replace(".", "-")
    assert distribution(name.upper() + rest) == expected
    assert distribution(expected) == expected


def test_what_names_no_distribution_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^'>=1' does not start with a distribution's name$"):
        distribution(">=1")
