"""A folder is read as files; what that gives must be what obstore gives."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.store.folder_transport import FolderTransport
from skylift.store.location import Location, open_store
from skylift.store.obstore_transport import ObstoreTransport
from skylift_contract.errors import StoreUnavailable

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore

SEGMENTS = st.sampled_from(["a", "b", "a.json", "runs", "end-failed.json", "0001"])
KEYS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)


def listed(transport: ObstoreTransport, folder: str) -> set[str]:
    return {key for page in transport.pages(folder, None, 1000) for key in page}


@given(st.lists(KEYS, max_size=12), KEYS)
def test_reads_are_those_of_obstore(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str], other: str
) -> None:
    location = Location.parse(f"file://{tmp_path_factory.getbasetemp()}/{uuid4().hex}")
    ours, theirs = FolderTransport(location, {}), ObstoreTransport(location, {})
    for key in keys:
        # A key below another's object cannot be stored in a folder.
        if not any(key.startswith(f"{one}/") or one.startswith(f"{key}/") for one in keys):
            ours.upload(key, key.encode())

    for folder in {"", other, *keys, *(key.rpartition("/")[0] for key in keys)}:
        assert listed(ours, folder) == listed(theirs, folder)
    for key in {other, *keys, *(f"{key}/below" for key in keys)}:
        assert ours.get(key) == theirs.get(key)


def test_what_is_still_being_written_is_no_key(file_store: ObjectStore) -> None:
    file_store.put_content("a/b", b"1")
    folder = Path(file_store.uri.removeprefix("file://")) / "skylift/1/a"
    (folder / "c#1").write_bytes(b"half")
    assert file_store.list("") == ["a/b"]


def test_what_cannot_be_read_says_so(file_store: ObjectStore) -> None:
    file_store.put_content("a/b", b"1")
    root = Path(file_store.uri.removeprefix("file://")) / "skylift/1"
    (root / "loop").symlink_to("loop")
    for doing, read in (("reading", file_store.get), ("listing", file_store.list)):
        with pytest.raises(
            StoreUnavailable, match=re.escape(f"{doing} loop failed: {os.strerror(errno.ELOOP)}.")
        ):
            read("loop")


def test_reading_loads_no_obstore(tmp_path: Path) -> None:
    import subprocess
    import sys

    open_store(f"file://{tmp_path}").put_content("a/b", b"1")
    program = (
        "import sys; from skylift.store.location import open_store\n"
        f"store = open_store('file://{tmp_path}')\n"
        "print(store.get('a/b'), store.list('a'), 'obstore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "b'1' ['a/b'] False\n"
