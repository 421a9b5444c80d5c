from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from skylift.store.folder import local_refusal
from skylift.store.location import Location, open_store
from skylift.store.objects import Outcome
from skylift_contract.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from skylift.store.objects import ObjectStore

AS_ROOT = os.geteuid() == 0
NOBODY = 65534
BLOCK = 4096
"""What a small file takes of a tmpfs: a page."""


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_folders_that_are_made_are_private(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    for name in ("there", "new"):
        open_store(f"file://{tmp_path}/{name}").create("a", b"")
    assert mode(tmp_path / "new") == 0o700
    assert mode(tmp_path / "new/skylift") == mode(tmp_path / "there/skylift") == 0o700
    assert mode(tmp_path / "there") == 0o755


def test_reading_makes_no_folder(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}/deep/store")
    assert store.get("a") is None
    assert not store.exists("a")
    assert store.list("") == []
    assert not store.get_file("a", tmp_path / "copy")
    store.delete(["a"])
    assert list(tmp_path.iterdir()) == []
    assert store.create("a", b"x").outcome is Outcome.CREATED
    assert store.get("a") == b"x"


def test_listings_leave_out_what_a_killed_writer_left(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}/store")
    store.create("a/b.json", b"x")
    left = tmp_path / "store/skylift/1/a/c.json#1"
    left.write_bytes(b"half a rec")
    assert store.list("") == ["a/b.json"]
    assert store.get("a/c.json") is None
    assert store.create("a/c.json", b"whole").outcome is Outcome.CREATED
    assert store.list("a") == ["a/b.json", "a/c.json"]


KILLED = """
import sys, threading
from pathlib import Path
from tempfile import TemporaryDirectory
from skylift.store.location import open_store
store = open_store(sys.argv[1])
store.create("ready", b"")
print("ready", flush=True)
for number in range(100000):
    store.create(f"k/{number}", bytes(200_000))
"""


def test_a_writer_that_is_killed_leaves_whole_objects_only(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}/store")
    command = [sys.executable, "-c", KILLED, store.uri]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        while len(store.list("k", limit=20)) < 20:
            assert process.poll() is None
        process.kill()
    for key in store.list("k"):
        assert store.get(key) == bytes(200_000)


@pytest.fixture
def tiny(tmp_path: Path) -> Generator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if not AS_ROOT or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a file system; test_a_file_that_grows_too_large runs without")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


WRITERS: dict[str, Callable[[ObjectStore, Path], object]] = {
    "writing a/b": lambda store, file: store.create("a/b", file.read_bytes()[:1_000_000]),
    "uploading a/b": lambda store, file: store.put_content("a/b", file),
}


@pytest.mark.parametrize("doing", WRITERS)
def test_a_full_disk(tiny: Path, tmp_path: Path, doing: str) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(9_000_000))
    store = open_store(f"file://{tiny}/store")
    with pytest.raises(StoreUnavailable) as caught:
        WRITERS[doing](store, large)
    assert str(caught.value) == (
        f"store file://{tiny}/store: {doing} failed: no space is left on the file system at {tiny}. "
        f"Free some space there, or use a store elsewhere; nothing was published in part."
    )
    assert store.list("") == []
    while shutil.disk_usage(tiny).free < 2 * BLOCK:
        pass  # the library removes its temporary file on another thread, and closes it thereafter
    assert store.create("a/b", b"small").outcome is Outcome.CREATED


def test_a_read_only_file_system(tiny: Path) -> None:
    store = open_store(f"file://{tiny}/store")
    store.create("a", b"x")
    subprocess.run(["mount", "-o", "remount,ro", str(tiny)], check=True)
    with pytest.raises(StoreUnavailable) as caught:
        store.create("b", b"")
    assert str(caught.value) == (
        f"store file://{tiny}/store: writing b failed: the file system at {tiny} is read-only. "
        "Use a folder that can be written."
    )
    assert store.get("a") == b"x"


TOO_LARGE = "the object is larger than a file of this process may be. Raise its limit (ulimit -f)."
LIMITED = """
import resource, signal, sys
from skylift.store.location import open_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
store = open_store(sys.argv[1])
try:
    store.create("a/b", bytes(200_000))
except Exception as error:
    print(f"{type(error).__name__}: {error}")
print(store.list(""), store.get("a/b"), store.create("a/b", b"small").outcome.name)
"""


def test_a_file_that_grows_too_large(tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/store"
    done = subprocess.run([sys.executable, "-c", LIMITED, uri], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        f"StoreUnavailable: store {uri}: writing a/b failed: {TOO_LARGE}",
        "[] None CREATED",
    ]


@pytest.fixture
def theirs() -> Generator[Path]:
    """A folder that everybody may see and nobody but root may write; pytest's own are hidden from others."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        yield Path(folder)


FORBIDDEN = """
import os, sys
from skylift.store.location import open_store
open_store("memory://loads-everything-while-it-may").probe()
import obstore.exceptions, skylift.store.folder, skylift.store.refusals
if os.geteuid() == 0:
    os.setuid(int(sys.argv[2]))
try:
    open_store(sys.argv[1]).create("a", b"")
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""


def test_a_folder_of_somebody_else(theirs: Path) -> None:
    uri = f"file://{theirs}"
    command = [sys.executable, "-c", FORBIDDEN, uri, str(NOBODY)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/")
    user = NOBODY if AS_ROOT else os.getuid()
    assert done.stdout == (
        f"StoreUnavailable: store {uri}: making its folder failed: this user (uid {user}) may not do so in "
        f"{theirs}. Change the folder's owner or mode, or use a folder of your own.\n"
    )


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    store = open_store(f"file://{tmp_path}/store")
    with pytest.raises(
        StoreUnavailable,
        match=rf"^store {store.uri}: the file system at /\S* has no hard links, so nothing can be created "
        r"once there\. Use a folder on a local disk, or a bucket\.$",
    ):
        store.probe()
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_a_file_system_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "touch", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)  # what is not there, too
    store = open_store(f"file://{tmp_path}/store")
    with pytest.raises(StoreUnavailable, match=rf"^store {store.uri}: .* is read-only\. "):
        store.probe()


def test_an_error_that_nobody_foresaw(tmp_path: Path) -> None:
    said = str(local_refusal(Location.parse(f"file://{tmp_path}"), errno.EIO, "writing a"))
    assert said.startswith(
        f"store file://{tmp_path}: writing a failed: Input/output error. Check the file system at /"
    )
