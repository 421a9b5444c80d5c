from __future__ import annotations

import os
from typing import TYPE_CHECKING

from skylift_docker.mounts import files_of, missing_sources, socket_access, store_mounts, unseen_store

if TYPE_CHECKING:
    from pathlib import Path

HERE = "unix:///var/run/docker.sock"


def test_a_store_in_a_folder_is_mounted_where_it_is() -> None:
    assert store_mounts("file:///data/my%20store") == [
        {"Type": "bind", "Source": "/data/my store", "Target": "/data/my store", "ReadOnly": False}
    ]
    assert store_mounts("s3://bucket/x") == []


def test_a_folder_is_of_no_use_to_an_engine_elsewhere() -> None:
    assert list(unseen_store("file:///x", HERE)) == []
    assert list(unseen_store("s3://bucket", "tcp://build-host:2376")) == []
    assert list(map(str, unseen_store("file:///x", "tcp://build-host:2376"))) == [
        (
            "flavor 'local_docker', artifact store: the Docker Engine at tcp://build-host:2376 is on another machine, "
            "which has not this folder (got 'file:///x'). Use a store on s3://, gs:// or az://, or an engine of "
            "this machine."
        )
    ]


def test_only_files_are_handed_on(tmp_path: Path) -> None:
    (tmp_path / "key.json").touch()
    found = files_of([f"{tmp_path}/key.json", str(tmp_path), "/nowhere", "\0"])
    assert [(one["Source"], one["ReadOnly"]) for one in found] == [(f"{tmp_path}/key.json", True)]


def test_sources_elsewhere_cannot_be_looked_for() -> None:
    def found(where: str, name: str = "a", **changed: str) -> list[str]:
        mount = {"Type": "bind", "Source": "/nowhere", "Target": "/x", "ReadOnly": False, **changed}
        return [str(one) for one in missing_sources({name: {"create": {"mounts": [mount]}}}, where)]

    assert found("tcp://build-host:2376") == []
    assert found(HERE, Type="volume") == []
    sentence = (
        "mounts: there is no such file or folder to mount (got '/nowhere'). Make it, or correct the path."
    )
    assert found(HERE) == [f"step 'a', {sentence}"]
    assert found(HERE, "") == [f"the pipeline's container, {sentence}"]


def test_the_engine_is_reached_by_its_socket_and_the_sockets_group(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    path.touch()
    os.chown(path, -1, os.getgid())
    found = socket_access(f"unix://{path}")
    assert found["environment"] == {"DOCKER_HOST": f"unix://{path}"}
    assert found["group_add"] == [str(os.getgid())]
    assert [one["Source"] for one in found["mounts"]] == [str(path)]
    assert socket_access("tcp://host:2375") == {"environment": {"DOCKER_HOST": "tcp://host:2375"}}
