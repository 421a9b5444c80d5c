"""A folder of wheels: packages as they are here, with all that they need, from which a container installs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from skylift_testkit.docker.image import (
    ImageNotMade,
    build_wheel,
    digest_of_packages,
    source_of,
    write_versions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def make_wheels(packages: Iterable[str], cache: Path) -> Path:
    """The folder; made anew where one of the packages, or a version that is installed here, has changed.

    Raises `ImageNotMade` with what pip said.
    """
    own = {name: source_of(distribution(name)) for name in sorted(packages)}
    made = cache / digest_of_packages(own)[:12]
    if made.is_dir():
        return made
    for old in cache.iterdir():
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        wheels, versions = Path(folder, "wheels"), Path(folder, "versions.txt")
        wheels.mkdir()
        wanted = [name if source is None else build_wheel(source, wheels) for name, source in own.items()]
        write_versions(versions, own)
        done = subprocess.run(  # noqa: S603 -- argv list, no shell
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"),
                *("--find-links", str(wheels), "--constraint", str(versions), "--dest", str(wheels), *wanted),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ImageNotMade(f"pip download failed: {done.stderr.strip()}")
        return wheels.rename(made)
