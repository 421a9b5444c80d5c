from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift import code
from skylift.code import SourceTree, is_of_a_package, source_tree, unpack
from skylift_contract.errors import ConfigurationError, DamagedObject, LimitExceeded
from skylift_contract.snapshot import CodeArchive


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n")


def tree(script: Path, *paths: Path) -> SourceTree:
    found = source_tree(script, [str(path) for path in paths or [script.parent]])
    assert found is not None
    return found


def test_without_a_project_only_what_an_import_would_find(tmp_path: Path) -> None:
    write(tmp_path, "run.py", "other.py", "pkg/__init__.py", "pkg/deep/mod.py", "data/big.csv", "notes.txt")
    assert tree(tmp_path / "run.py").files == ("other.py", "pkg/__init__.py", "pkg/deep/mod.py", "run.py")


def test_a_project_is_taken_whole_but_for_environments_and_caches(tmp_path: Path) -> None:
    write(tmp_path, "skylift.toml", "src/a.py", "conf/x.yaml", ".env", ".venv/pyvenv.cfg", ".venv/lib/m.py")
    write(
        tmp_path,
        "env2/pyvenv.cfg",
        "env2/lib/m.py",
        "src/__pycache__/a.pyc",
        "x.egg-info/PKG",
        "node_modules/j.js",
    )
    found = tree(tmp_path / "src" / "a.py")
    assert (found.root, found.files, found.paths) == (
        tmp_path,
        ("conf/x.yaml", "skylift.toml", "src/a.py"),
        ("src",),
    )


def test_in_git_what_git_tracks_or_would_track(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "new.py", "ignored.csv", "gone.py")
    (tmp_path / ".gitignore").write_text("*.csv\n")
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "a.py", "gone.py"], check=True)
    (tmp_path / "gone.py").unlink()
    assert sorted(tree(tmp_path / "a.py").files) == [".gitignore", "a.py", "new.py"]


def test_paths_are_those_of_sys_path_within_the_root(tmp_path: Path) -> None:
    write(
        tmp_path,
        "pyproject.toml",
        "src/pkg/__init__.py",
        "jobs/daily.py",
        ".venv/pyvenv.cfg",
        ".venv/site/x.py",
    )
    found = tree(
        tmp_path / "jobs/daily.py", tmp_path / "jobs", tmp_path / "src", tmp_path / ".venv/site", Path("/usr")
    )
    assert found.paths == ("jobs", "src")


def test_an_installed_module_has_no_source_to_send() -> None:
    assert source_tree(Path(pytest.__file__)) is None


def test_the_digest_is_of_paths_modes_and_contents(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py")
    first = tree(tmp_path / "a.py").archive().digest
    os.utime(tmp_path / "a.py", (0, 0))
    assert tree(tmp_path / "a.py").archive().digest == first

    (tmp_path / "a.py").chmod(0o755)
    executable = tree(tmp_path / "a.py").archive().digest
    (tmp_path / "a.py").write_text("changed")
    assert len({first, executable, tree(tmp_path / "a.py").archive().digest}) == 3


def test_the_zip_is_the_same_bytes_whatever_the_times(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py")
    first = tree(tmp_path / "a.py").to_zip()
    os.utime(tmp_path / "b.py", (10**9, 10**9))
    assert tree(tmp_path / "a.py").to_zip() == first


NAMES = st.text("abc é.", min_size=1, max_size=6).filter(lambda name: name.strip(". ") == name)


@given(st.dictionaries(NAMES, st.tuples(st.binary(max_size=50), st.booleans()), min_size=1, max_size=5))
def test_unpack_is_the_inverse_of_packing(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, tuple[bytes, bool]]
) -> None:
    root, target = tmp_path_factory.mktemp("from"), tmp_path_factory.mktemp("to")
    for name, (content, is_executable) in files.items():
        (root / name).write_bytes(content)
        (root / name).chmod(0o755 if is_executable else 0o644)
    packed = SourceTree(root, tuple(files), ("", "sub"))

    paths = unpack(packed.to_zip(), packed.archive(), target)

    assert paths == [str(target / ""), str(target / "sub")]
    assert SourceTree(target, tuple(files), ("", "sub")).manifest() == packed.manifest()


def test_files_that_have_changed_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    archive = tree(tmp_path / "a.py").archive()
    (tmp_path / "a.py").write_text("changed")
    with pytest.raises(DamagedObject, match="its files have changed since they were sent"):
        unpack(tree(tmp_path / "a.py").to_zip(), archive, tmp_path / "out")


def test_a_file_that_would_land_elsewhere_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../evil.py", "boom")
    with pytest.raises(DamagedObject, match=r"outside its folder \(got '\.\./evil\.py'\)"):
        unpack(buffer.getvalue(), CodeArchive(digest="x"), tmp_path / "out")
    assert not (tmp_path / "evil.py").exists()


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedObject, match="it is no zip file"):
        unpack(b"no", CodeArchive(digest="x"), tmp_path)


def test_a_tree_too_large_names_its_largest_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.py")
    (tmp_path / "b.py").write_bytes(b"#" * 2_000_000)
    monkeypatch.setattr(code, "MOST_BYTES", 1024**2)
    with pytest.raises(
        LimitExceeded,
        match=r"the largest: b\.py \(2\.0 MB\), a\.py .*limit: 1 MiB in 20000 files\)\. Leave data out",
    ):
        source_tree(tmp_path / "a.py")


def test_a_module_of_the_archive_is_imported_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, "skylift.toml")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "helper_module.py").write_text("VALUE = 7\n")
    packed = tree(tmp_path / "lib" / "helper_module.py")
    (path,) = unpack(packed.to_zip(), packed.archive(), tmp_path / "elsewhere")
    shown = subprocess.run(
        [sys.executable, "-c", "import helper_module; print(helper_module.VALUE)"],
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "7\n"


def test_a_file_that_grows_meanwhile_is_taken_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, "skylift.toml", "a.py", "run.log")
    packed = tree(tmp_path / "a.py")
    archive = packed.archive()
    (tmp_path / "run.log").write_text("one more line")
    unpack(packed.to_zip(), archive, tmp_path / "out")
    assert (tmp_path / "out" / "run.log").read_text() == "# run.log\n"


def test_a_store_in_the_project_is_no_part_of_it(tmp_path: Path) -> None:
    write(tmp_path, "skylift.toml", "a.py", "store/skylift/1/code/x.zip")
    found = source_tree(tmp_path / "a.py", [str(tmp_path)], but=tmp_path / "store")
    assert found is not None
    assert found.files == ("a.py", "skylift.toml")


def test_a_folder_of_modules_is_a_package_without_an_init(tmp_path: Path) -> None:
    write(tmp_path, "run.py", "pkg/helper.py", "pkg/data.csv", "data/x.csv")
    assert tree(tmp_path / "run.py").files == ("pkg/helper.py", "run.py")


def test_skyliftignore_leaves_files_out(tmp_path: Path) -> None:
    write(tmp_path, "skylift.toml", "a.py", "data/big.csv", "data/small.yaml")
    (tmp_path / ".skyliftignore").write_text("*.csv\n")
    assert tree(tmp_path / "a.py").files == ("a.py", "data/small.yaml", "skylift.toml")


def test_a_source_with_a_secret_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.py", ".env", "keys/id_rsa")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    with pytest.raises(
        ConfigurationError,
        match=r"^source .*: it holds what looks like a secret, .*\(got '\.env, keys/id_rsa'\)\. Name it in ",
    ):
        tree(tmp_path / "a.py")

    (tmp_path / ".skyliftignore").write_text(".env\n!keys/id_rsa\n")
    assert sorted(tree(tmp_path / "a.py").files) == [".skyliftignore", "a.py", "keys/id_rsa"]


def test_a_private_key_is_known_by_its_first_line(tmp_path: Path) -> None:
    write(tmp_path, "skylift.toml", "a.py")
    (tmp_path / "notes.txt").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    with pytest.raises(ConfigurationError, match=r"\(got 'notes\.txt'\)"):
        tree(tmp_path / "a.py")


def test_a_file_whose_name_is_not_utf8_is_refused_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, "skylift.toml", "a.py")
    (tmp_path / os.fsdecode(b"b\xff.txt")).write_text("x")
    sentence = (
        rf"^source {tmp_path}: a file's name is not UTF-8 \(got b'b\\xff\.txt'\)\. "
        r"Rename the file, or leave it out by a pattern in \.skyliftignore\.$"
    )
    with pytest.raises(ConfigurationError, match=sentence):
        source_tree(tmp_path / "a.py")
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    with pytest.raises(ConfigurationError, match=sentence):
        source_tree(tmp_path / "a.py")
    (tmp_path / ".skyliftignore").write_text("b*.txt\n")
    assert "a.py" in tree(tmp_path / "a.py").files


@pytest.mark.parametrize("name", ["data.csv", "folder"])
def test_what_may_not_be_read_is_named_with_a_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    write(tmp_path, "skylift.toml", "a.py", "data.csv", "folder/x")

    def refusing(method: str) -> None:
        real = getattr(Path, method)

        def called(self: Path) -> object:
            if self == tmp_path / name:
                raise PermissionError(errno.EACCES, "Permission denied", str(self))
            return real(self)

        monkeypatch.setattr(Path, method, called)

    refusing("read_bytes")
    refusing("iterdir")
    with pytest.raises(
        ConfigurationError,
        match=rf"^{tmp_path}/{name}: it is in the project, whose source is kept with each run, and cannot be "
        r"read: Permission denied\. Make it readable, or move it out of the project; a file may be named in "
        r"\.skyliftignore\.$",
    ):
        source_tree(tmp_path / "a.py")


def test_a_function_of_an_installed_package_is_told_from_ones_own() -> None:
    assert is_of_a_package("pytest:main")
    assert not is_of_a_package(f"{__name__}:test_a_function_of_an_installed_package_is_told_from_ones_own")
    assert not is_of_a_package("no_such_module:function")
    assert not is_of_a_package("<interactive>:function")
