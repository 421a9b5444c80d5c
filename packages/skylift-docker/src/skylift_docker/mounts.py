"""What of this machine each container of a run sees."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from skylift_contract.errors import ConfigurationError
from skylift_docker.config import is_on_this_machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FILE: Final = "file://"
UNIX: Final = "unix://"


def same_place(path: str, *, read_only: bool) -> dict[str, Any]:
    """A path of this machine, seen as the same path in the container."""
    return {"Type": "bind", "Source": path, "Target": path, "ReadOnly": read_only}


def is_volume(mount: Mapping[str, Any]) -> bool:
    """Whether an engine makes what is mounted where it is not there."""
    return mount["Type"] == "volume"


def store_mounts(uri: str) -> list[dict[str, Any]]:
    """The folder of a `file://` store, at the same path, so that one URI serves both sides."""
    folder = store_folder(uri)
    return [same_place(folder, read_only=False)] if folder else []


def store_folder(uri: str) -> str:
    """Empty for a store that is no folder."""
    return os.path.normpath(unquote(uri.removeprefix(FILE))) if uri.startswith(FILE) else ""


def socket_of(host: str) -> str:
    """The path of an engine's socket; empty for an address that is none."""
    return urlsplit(host).path if host.startswith(UNIX) else ""


def socket_access(host: str) -> dict[str, Any]:
    """Arguments of `containers.create` for a container that is to use the engine itself."""
    path = socket_of(host)
    if not path:
        return {"environment": {"DOCKER_HOST": host}}
    group = Path(path).stat().st_gid
    return {
        "environment": {"DOCKER_HOST": host},
        "mounts": [same_place(path, read_only=False)],
        "group_add": [str(group)],
    }


def unseen_store(uri: str, host: str) -> Iterator[ConfigurationError]:
    """Why containers of this engine could not see a store, if they could not."""
    if uri.startswith("memory:"):
        yield ConfigurationError(
            "steps run in containers, which cannot see a store in memory",
            who="flavor 'local_docker', artifact store",
            value=uri,
            fix="Use a file:// store, or one on s3://, gs:// or az://.",
        )
    if uri.startswith(FILE) and not is_on_this_machine(host):
        yield ConfigurationError(
            f"the Docker Engine at {host} is on another machine, which has not this folder",
            who="flavor 'local_docker', artifact store",
            value=uri,
            fix="Use a store on s3://, gs:// or az://, or an engine of this machine.",
        )


def missing_sources(containers: Mapping[str, Mapping[str, Any]], host: str) -> Iterator[ConfigurationError]:
    """Each mount whose path is not there, where that can be seen."""
    if not is_on_this_machine(host):
        return
    for name, container in containers.items():
        for mount in container["create"].get("mounts", ()):
            if mount["Type"] == "bind" and not Path(mount["Source"]).exists():
                yield ConfigurationError(
                    "there is no such file or folder to mount",
                    who=f"step {name!r}, mounts" if name else "the pipeline's container, mounts",
                    value=mount["Source"],
                    fix="Make it, or correct the path.",
                )


def files_of(paths: Iterable[str]) -> list[dict[str, Any]]:
    """Files that hold credentials, readable at their own paths."""
    return [same_place(path, read_only=True) for path in paths if _is_file(path)]


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 -- text of any kind
    except (OSError, ValueError):
        return False
