"""A folder of compiled files holds, after each write, those files and whatever else was there."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.compiled_files import LIST, compiled_below, read_list
from skylift.launch.compiled_folder import Change, write_files
from skylift_contract.canonical import digest
from skylift_contract.errors import ConfigurationError

NAMES = st.sampled_from(["a.json", "b.yaml", "deep/c.json", "deep/er/d.json", "e/f"])
FILES = st.dictionaries(NAMES, st.binary(max_size=8), min_size=1)


def on_disk(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@given(rounds=st.lists(FILES, min_size=1, max_size=4))
def test_only_the_last_files_and_what_is_not_ours_are_there(rounds: list[dict[str, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mine.txt").write_bytes(b"mine")
        before: dict[str, bytes] = {}
        for files in rounds:
            changes = write_files(folder, files)
            found = on_disk(folder)
            assert found.pop("mine.txt") == b"mine"
            assert json.loads(found.pop(LIST))["files"] == {n: digest(c) for n, c in files.items()}
            assert found == files
            assert changes == {
                **dict.fromkeys(before.keys() - files.keys(), Change.REMOVED),
                **{
                    n: Change.NEW if n not in before else Change.SAME if before[n] == c else Change.CHANGED
                    for n, c in files.items()
                },
            }
            before = files
        empty = [path for path in folder.rglob("*") if path.is_dir() and not any(path.iterdir())]
        assert empty == []


def test_what_would_be_written_is_what_is_there_already(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    assert write_files(tmp_path, {"a": b"1"}) == {"a": Change.SAME}


@pytest.mark.parametrize("content", ["[]", "{", '{"files": {"../x": "y"}}', '{"files": {"/x": "y"}}'])
def test_a_list_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / LIST).write_text(content)
    with pytest.raises(ConfigurationError, match=r"skylift-compiled\.json: it does not say what was written"):
        write_files(tmp_path, {"a": b"1"})


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / "out"))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ConfigurationError, match=r"out: it cannot be written: Permission denied\."):
        write_files(tmp_path / "out", {"a": b"1"})


def test_the_source_is_without_what_was_compiled(tmp_path: Path) -> None:
    write_files(tmp_path / "out", {"a": b"1", "deep/b": b"2"})
    (tmp_path / "out" / "mine").write_text("x")
    names = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert set(names) - compiled_below(tmp_path, names) == {"out/mine"}
    assert read_list(tmp_path / "nowhere") == {}
