from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.code_ignore import IgnoreRules

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("pattern", "name", "is_ignored"),
    [
        ("*.csv", "a.csv", True),
        ("*.csv", "deep/down/a.csv", True),
        ("*.csv", "a.csv.py", None),
        ("data", "data/a.py", True),
        ("data", "src/data/a.py", True),
        ("data/", "data/a.py", True),
        ("data/", "src/data", None),
        ("/data", "data/a.py", True),
        ("/data", "src/data/a.py", None),
        ("src/data", "src/data/a.py", True),
        ("src/data", "other/src/data/a.py", None),
        ("src/*.json", "src/deep/a.json", True),
        ("!a.pem", "keys/a.pem", False),
    ],
)
def test_a_pattern(pattern: str, name: str, is_ignored: bool | None) -> None:
    assert IgnoreRules((pattern,)).is_ignored(name) is is_ignored


def test_the_last_match_decides() -> None:
    rules = IgnoreRules(("*.json", "!conf/*", "conf/b.json"))
    found = {name: rules.is_ignored(name) for name in ("a.json", "conf/a.json", "conf/b.json", "a.py")}
    assert found == {"a.json": True, "conf/a.json": False, "conf/b.json": True, "a.py": None}


PATHS = st.lists(st.text("ab-", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


@given(PATHS, st.lists(PATHS))
def test_a_files_own_path_leaves_it_out_and_takes_it_back(name: str, others: list[str]) -> None:
    assert IgnoreRules((*others, f"/{name}")).is_ignored(name) is True
    assert IgnoreRules((*others, f"/{name}", f"!/{name}")).is_ignored(name) is False


def test_comments_and_empty_lines_are_no_patterns(tmp_path: Path) -> None:
    (tmp_path / ".skyliftignore").write_text("# all data\n\n  *.csv  \n")
    assert IgnoreRules.read(tmp_path).patterns == ("*.csv",)
    assert IgnoreRules.read(tmp_path / "elsewhere").patterns == ()
