from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skylift_tests_support.round_trips import WHO, new_store, round_trip

from skylift import artifacts
from skylift.materializers.base import IN_MEMORY, StoredFiles
from skylift.materializers.paths import PathMaterializer
from skylift_contract.errors import DamagedObject, MaterializationError

STORE = new_store()


def tree(root: Path) -> dict[str, bytes | None]:
    """Relative path → content; None for a folder."""
    below = sorted(path for path in root.rglob("*"))
    return {path.relative_to(root).as_posix(): None if path.is_dir() else path.read_bytes() for path in below}


def test_a_file_keeps_its_name_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "model é.bin").write_bytes(b"weights")
    found = round_trip(tmp_path / "model é.bin", Path)
    assert found.materializer == "path"
    assert found.value.name == "model é.bin"
    assert found.value.read_bytes() == b"weights"
    assert not found.value.is_relative_to(tmp_path)
    found.value.write_bytes(b"the step's own copy")


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=("Cs",)),
    min_size=1,
    max_size=20,
)
FILES = st.dictionaries(
    NAMES.filter(lambda name: name not in {".", ".."}), st.binary(max_size=20), max_size=4
)


@given(st.dictionaries(st.sampled_from(["", "a", "a/b", "c c/d"]), FILES, max_size=4))
@settings(max_examples=60)
def test_a_folder(folders: dict[str, dict[str, bytes]]) -> None:
    with TemporaryDirectory() as scratch:
        root = Path(scratch) / "données"
        root.mkdir()
        for folder, files in folders.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            for name, data in files.items():
                if not (root / folder / name).is_dir():
                    (root / folder / name).write_bytes(data)
        found = round_trip(root, Path, store=STORE)
        assert found.value.name == "données"
        assert tree(found.value) == tree(root)


def test_the_right_to_execute_is_kept(tmp_path: Path) -> None:
    root = tmp_path / "tool"
    root.mkdir()
    (root / "run.sh").write_text("exit 0")
    (root / "run.sh").chmod(0o700)
    (root / "data").write_text("x")
    (root / "data").chmod(0o600)
    copy = round_trip(root).value
    assert os.access(copy / "run.sh", os.X_OK)
    assert not (copy / "data").stat().st_mode & 0o111


def test_equal_folders_are_one_artifact(tmp_path: Path) -> None:
    def made(place: str) -> Path:
        root = tmp_path / place / "out"
        (root / "sub").mkdir(parents=True)
        for name in ("b", "a"):
            (root / "sub" / name).write_text(name)
        return root

    assert round_trip(made("one")).ref == round_trip(made("two")).ref


def test_a_large_file(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(os.urandom(IN_MEMORY + 1))
    assert round_trip(tmp_path / "large").value.read_bytes() == (tmp_path / "large").read_bytes()


def test_the_current_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a").write_text("a")
    monkeypatch.chdir(tmp_path / "here")
    assert round_trip(Path()).value.name == "here"
    assert tree(round_trip(Path("../here/..")).value) == {"here": None, "here/a": b"a"}


def test_a_link_within_the_folder_is_the_file_it_points_to(tmp_path: Path) -> None:
    root = tmp_path / "out"
    root.mkdir()
    (root / "v1").write_text("one")
    (root / "latest").symlink_to("v1")
    (tmp_path / "named").symlink_to(root)
    copy = round_trip(tmp_path / "named").value
    assert (copy.name, tree(copy)) == ("named", {"latest": b"one", "v1": b"one"})
    assert not (copy / "latest").is_symlink()


def refused(path: Path) -> str:
    with pytest.raises(MaterializationError) as caught:
        artifacts.save(STORE, path, Path, WHO)
    kind = f"{type(path).__module__}:{type(path).__qualname__}"
    return str(caught.value).removeprefix(f"{WHO}: a value of type {kind} cannot be stored: ")


def test_links_that_lead_elsewhere(tmp_path: Path) -> None:
    root = tmp_path / "out"
    (root / "sub").mkdir(parents=True)
    fix = "Copy what it points to into the folder (shutil.copytree does)."
    (tmp_path / "secret").write_text("secret")
    for target, what in [
        ("../secret", "leads out of the folder"),
        (str(tmp_path / "secret"), "leads out of the folder"),
        ("sub", "does not lead to a file"),
        (".", "does not lead to a file"),
        ("gone", "does not lead to a file"),
    ]:
        (root / "link").symlink_to(target)
        assert refused(root) == f"the link '{root}/link' {what}. {fix}"
        (root / "link").unlink()


def test_what_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone") == (
        f"there is no file or folder '{tmp_path}/gone'. Write it before the step returns, and return an absolute path."
    )
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe") == f"'{tmp_path}/pipe' is neither a file nor a folder. Leave it out."
    assert refused(Path("/")) == "the root of the file system is no output. Return a folder in it."
    (tmp_path / "odd").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd/\xff")).write_bytes(b"")
    assert refused(tmp_path / "odd") == r"a file's name is not UTF-8 (got b'odd/\xff'). Rename the file."


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    assert refused(tmp_path).startswith(f"{tmp_path} cannot be read: Permission denied. ")


def test_names_in_a_record_that_lead_out_of_the_folder() -> None:
    files = StoredFiles({}, STORE, "reader")
    for name in ("../x", "/etc", "a/../../x"):
        for place in ("folders", "name"):
            details: dict[str, Any] = {"folders": [], "executable": [], "name": "a"}
            details[place] = name if place == "name" else [name]
            with pytest.raises(
                MaterializationError, match=r"^a name in its record leads out of the folder \(got '"
            ):
                PathMaterializer().load(files, details, Path)


def test_a_file_that_was_damaged(tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(b"x" * 5000)
    found = round_trip(tmp_path / "data.bin", store=STORE)
    key = f"artifacts/{found.ref.digest}/data/data.bin"
    STORE.delete([key])
    with pytest.raises(DamagedObject, match=rf"^reader, object {key}: it is missing\. "):
        artifacts.load(STORE, found.ref, Path, "reader")


LOAD_AND_END = """
from pathlib import Path
from skylift_tests_support.round_trips import round_trip
import sys
Path(sys.argv[1], "file").write_text("x")
copy = round_trip(Path(sys.argv[1], "file")).value
assert copy.read_text() == "x"
print(copy)
"""


def test_copies_stay_until_the_process_ends(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = os.environ | {"TMPDIR": str(scratch), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", LOAD_AND_END, str(tmp_path)]
    copy = subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout.strip()
    assert copy.startswith(str(scratch))
    assert list(scratch.iterdir()) == []
