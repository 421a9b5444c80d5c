"""A file store's folder: made private, and its file system named when it fails."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skylift.store.location import LAYOUT
from skylift_contract.errors import StoreUnavailable

if TYPE_CHECKING:
    from skylift.store.location import Location

PRIVATE: Final = 0o700
"""Records and pickled artifacts are run by whoever reads them: nobody else may write them."""

LINKING: Final = "linking a file"
"""What `doing` is where create-once itself failed."""

_NO_LINKS: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}

_FORBIDDEN: Final = (
    "this user (uid {user}) may not do so in {folder}",
    "Change the folder's owner or mode, or use a folder of your own.",
)
_IN_THE_WAY: Final = ("a file stands where a folder is needed", "Move it away, or use another folder.")
_MEANINGS: Final = {
    errno.ENOSPC: (
        "no space is left on the file system at {system}",
        "Free some space there, or use a store elsewhere; nothing was published in part.",
    ),
    errno.EDQUOT: (
        "the disk quota on the file system at {system} is used up",
        "Free some space there, or use a store elsewhere; nothing was published in part.",
    ),
    errno.EFBIG: ("the object is larger than a file of this process may be", "Raise its limit (ulimit -f)."),
    errno.EROFS: ("the file system at {system} is read-only", "Use a folder that can be written."),
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EEXIST: _IN_THE_WAY,
}


def make_folder(location: Location) -> None:
    """Make the store's folders, each that is missing for this user only.

    Raises `StoreUnavailable` if they cannot be made.
    """
    folder = Path(location.path)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for made in (folder, *(folder / part for part in _layers())):
            made.mkdir(mode=PRIVATE, exist_ok=True)
    except OSError as error:
        raise local_refusal(location, error.errno or 0, "making its folder") from error


def check_hard_links(location: Location) -> None:
    """Raise `StoreUnavailable` unless the file system can link a file under a second name.

    Create-once on a file system is a link that fails if its name is taken.
    """
    original = Path(location.root) / f".links-{os.getpid()}"
    second = original.with_name(f"{original.name}-2")
    try:
        original.touch(mode=0o600)
        os.link(original, second)
    except OSError as error:
        raise local_refusal(location, error.errno or 0, LINKING) from error
    finally:
        with suppress(OSError):  # a file system that is read-only refuses to delete what is not there, too
            original.unlink(missing_ok=True)
            second.unlink(missing_ok=True)


def local_refusal(location: Location, code: int, doing: str) -> StoreUnavailable:
    """What an operating system's error number means for a store in a folder.

    Args:
        location: The store.
        code: An `errno`.
        doing: What was tried, as a participle: `writing runs/a/run.json`.
    """
    folder = _standing(Path(location.path))
    what, fix = _words(folder, code, doing)
    return StoreUnavailable(what, who=f"store {location.uri}", fix=fix)


def _words(folder: Path, code: int, doing: str) -> tuple[str, str]:
    system = _mount(folder)
    if code in _NO_LINKS and doing == LINKING:
        return (
            f"the file system at {system} has no hard links, so nothing can be created once there",
            "Use a folder on a local disk, or a bucket.",
        )
    what, fix = _MEANINGS.get(code, (os.strerror(code), "Check the file system at {system}."))
    parts = {
        "system": system,
        "folder": folder,
        "user": os.getuid(),
    }
    return f"{doing} failed: {what.format(**parts)}", fix.format(**parts)


def _layers() -> list[str]:
    parts = LAYOUT.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _standing(folder: Path) -> Path:
    """The folder itself, or the nearest above it that is there."""
    return next((path for path in (folder, *folder.parents) if os.path.exists(path)), Path("/"))  # noqa: PTH110 -- Path's raises where a parent may not be read


def _mount(folder: Path) -> Path:
    return next((path for path in (folder, *folder.parents) if os.path.ismount(path)), Path("/"))
