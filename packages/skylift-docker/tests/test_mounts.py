from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from skylift_contract.errors import ConfigurationError
from skylift_docker.mounts import check_sources, check_store, files_of, socket_access, store_mounts

if TYPE_CHECKING:
    from pathlib import Path

HERE = "unix:///var/run/docker.sock"


def test_a_store_in_a_folder_is_mounted_where_it_is() -> None:
    assert store_mounts("file:///data/my%20store") == [
        {"Type": "bind", "Source": "/data/my store", "Target": "/data/my store", "ReadOnly": False}
    ]
    assert store_mounts("s3://bucket/x") == []


def test_a_folder_is_of_no_use_to_an_engine_elsewhere() -> None:
    check_store("file:///x", HERE)
    check_store("s3://bucket", "tcp://build-host:2376")
    expected = (
        r"^flavor 'local_docker', artifact store: the Docker Engine at tcp://build-host:2376 is on another machine, "
        r"which has not this folder \(got 'file:///x'\)\. Use a store on s3://, gs:// or az://, or an engine of "
        r"this machine\.$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        check_store("file:///x", "tcp://build-host:2376")


def test_only_files_are_handed_on(tmp_path: Path) -> None:
    (tmp_path / "key.json").touch()
    found = files_of([f"{tmp_path}/key.json", str(tmp_path), "/nowhere", "\0"])
    assert [(one["Source"], one["ReadOnly"]) for one in found] == [(f"{tmp_path}/key.json", True)]


def test_sources_elsewhere_cannot_be_looked_for() -> None:
    mount = {"Type": "bind", "Source": "/nowhere", "Target": "/x", "ReadOnly": False}
    check_sources({"a": {"create": {"mounts": [mount]}}}, "tcp://build-host:2376")
    check_sources({"a": {"create": {"mounts": [mount | {"Type": "volume"}]}}}, HERE)
    with pytest.raises(
        ConfigurationError, match=r"^step 'a', mounts: there is no such file or folder to mount "
    ):
        check_sources({"a": {"create": {"mounts": [mount]}}}, HERE)
    with pytest.raises(ConfigurationError, match=r"^the pipeline's container, mounts: "):
        check_sources({"": {"create": {"mounts": [mount]}}}, HERE)


def test_the_engine_is_reached_by_its_socket_and_the_sockets_group(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    path.touch()
    os.chown(path, -1, os.getgid())
    found = socket_access(f"unix://{path}")
    assert found["environment"] == {"DOCKER_HOST": f"unix://{path}"}
    assert found["group_add"] == [str(os.getgid())]
    assert [one["Source"] for one in found["mounts"]] == [str(path)]
    assert socket_access("tcp://host:2375") == {"environment": {"DOCKER_HOST": "tcp://host:2375"}}
