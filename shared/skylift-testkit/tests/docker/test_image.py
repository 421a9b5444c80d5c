"""The image that steps run in."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from skylift_testkit.docker.api import Api
from skylift_testkit.docker.image import make_image
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
