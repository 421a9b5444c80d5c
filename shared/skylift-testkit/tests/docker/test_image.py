"""The image that steps run in."""

from __future__ import annotations

import json
import tarfile
from importlib.metadata import Distribution
from typing import TYPE_CHECKING, Any

from skylift_testkit.docker.api import Api
from skylift_testkit.docker.image import make_image, source_of
from skylift_testkit.docker.root import INTERPRETER, write_root

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_testkit.docker.plugin import RunningEngine


def test_an_image_that_is_there_is_not_made_again(
    docker_engine: RunningEngine, image_packages: tuple[str, ...], tmp_path: Path
) -> None:
    first, again, api = tmp_path / "first", tmp_path / "again", Api(docker_engine.host)
    first.mkdir()
    again.mkdir()
    image = make_image(api, image_packages, first)
    assert api.has_image(image)
    assert make_image(api, image_packages, again) == image
    assert list(again.iterdir()) == []


def test_a_root_holds_this_python_and_the_packages(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "own.py").write_text("x = 1\n")
    write_root(tmp_path / "root.tar", tmp_path / "site")
    with tarfile.open(tmp_path / "root.tar") as root:
        names = root.getnames()
        assert len(names) == len(set(names))
        assert str(INTERPRETER).lstrip("/") in names
        assert any(name.endswith("site-packages/own.py") for name in names)
        assert root.getmember("tmp").mode == 0o1777
        assert root.getmember("usr/bin/sh").size > 0  # which is a link, where it is from
        assert {root.getmember(name).uid for name in names} == {0}
        assert not [name for name in names if name.startswith(("lib/", "lib64/", "bin/"))]


class Installed(Distribution):
    """One whose record of where it came from is this."""

    def __init__(self, record: dict[str, Any] | None) -> None:
        self._record = record

    def read_text(self, filename: str) -> str | None:
        return json.dumps(self._record) if self._record and filename == "direct_url.json" else None

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError


def test_a_package_is_taken_from_where_it_was_installed_from(tmp_path: Path) -> None:
    wheel = tmp_path / "own 1.whl"
    wheel.touch()
    editable = {"url": tmp_path.as_uri(), "dir_info": {"editable": True}}
    assert source_of(Installed(editable)) == tmp_path
    assert source_of(Installed({"url": wheel.as_uri(), "archive_info": {}})) == wheel
    assert source_of(Installed({"url": "https://x.example/own.whl", "archive_info": {}})) is None
    assert source_of(Installed({"url": tmp_path.as_uri(), "dir_info": {}})) is None
    assert source_of(Installed(None)) is None
