from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.materializers import base
from skylift.materializers.base import IN_MEMORY, NewFiles, StoredFile, StoredFiles, lasting_folder
from skylift_contract.errors import DamagedObject

DIGEST = "ab" * 32
KEY = f"artifacts/{DIGEST}/data/0"


class Shelf:
    """A store with one object, or none."""

    def __init__(self, data: bytes | None) -> None:
        self.data = data

    def get(self, key: str) -> bytes | None:
        assert key == KEY
        return self.data

    def get_file(self, key: str, path: Path) -> bool:
        assert key == KEY
        if self.data is not None:
            path.write_bytes(self.data)
        return self.data is not None


def files(name: str, data: bytes, found: bytes | None, folder: Path | None = None) -> StoredFiles:
    stored = StoredFile(name, KEY, len(data), hashlib.sha256(data).hexdigest())
    return StoredFiles({name: stored}, Shelf(found), "run r, step 's', output 'o'", folder)


@given(st.binary(), st.sampled_from(["a", "sub/ü.bin"]))
def test_bytes_are_read_in_every_way(data: bytes, name: str) -> None:
    found = files(name, data, data)
    try:
        assert found.read(name) == data
        assert found.path(name).read_bytes() == data
        with found.open(name) as file:
            assert file.read() == data
    finally:
        found.close()


def test_copies_are_gone_when_it_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = files("a", b"x", b"x")
    copy = found.path("a")
    assert copy.is_relative_to(tmp_path)
    found.close()
    found.close()
    assert list(tmp_path.iterdir()) == []


def test_large_files_are_opened_from_a_copy(tmp_path: Path) -> None:
    data = b"x" * (IN_MEMORY + 1)
    with files("a", data, data, tmp_path).open("a") as file:
        assert file.read() == data
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("found", "what"), [(None, "it is missing"), (b"other", "its bytes have changed since they were written")]
)
def test_damage_is_named(found: bytes | None, what: str, tmp_path: Path) -> None:
    stored = files("a", b"data", found, tmp_path)
    for read in (stored.read, stored.path, stored.open):
        with pytest.raises(DamagedObject) as caught:
            read("a")
        assert str(caught.value) == (
            f"run r, step 's', output 'o', object {KEY}: {what}. "
            f"Restore the object, or delete artifacts/{DIGEST}/ and run the step again."
        )
    assert list(tmp_path.iterdir()) == []  # nothing unverified is left lying about


def test_a_file_that_the_record_does_not_name() -> None:
    with pytest.raises(DamagedObject, match=r"^run r, step 's', output 'o': its record names no file 'b'\.$"):
        files("a", b"", b"").read("b")


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "..", "", "a\0b"])
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(DamagedObject, match="would land outside its folder"):
        files(name, b"x", b"x", tmp_path / "in").path(name)
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]


def test_new_files_lie_in_memory_or_in_a_folder_that_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    new = NewFiles()
    for name, size in (("small", IN_MEMORY), ("large", IN_MEMORY + 1)):
        with new.open(name, size) as file:
            file.write(name.encode())
    large = new.contents["large"]
    assert new.contents["small"] == b"small"
    assert isinstance(large, Path)
    assert large.read_bytes() == b"large"
    assert new.path("other") != large
    new.close()
    assert list(tmp_path.iterdir()) == []


def test_a_fork_does_not_remove_its_parents_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = lasting_folder()
    assert lasting_folder() != folder
    monkeypatch.setattr("os.getpid", lambda: -1)
    base._remove(folder, 4711)  # pyright: ignore[reportPrivateUsage]
    assert folder.is_dir()
    base._remove(folder, -1)  # pyright: ignore[reportPrivateUsage]
    assert not folder.exists()
