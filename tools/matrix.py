"""Wheels of the workspace as a user may meet them: with the newest contract, or with the oldest."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from uv import find_uv_bin

if TYPE_CHECKING:
    from collections.abc import Iterable

    import nox

    from workspace import Package

CONTRACT: Final = "skylift-contract"


def install_wheels(session: nox.Session, packages: Iterable[Package], lock: Path, contract: str) -> None:
    """Have the session's environment hold a lock and these packages, from wheels, and nothing else."""
    with tempfile.TemporaryDirectory() as outside:
        wheels = build_wheels(session, packages, Path(outside), contract)
        session.install("--exact", "--no-deps", "--requirement", str(lock), *wheels)


def build_wheels(
    session: nox.Session, packages: Iterable[Package], outside: Path, contract: str
) -> list[str]:
    """The wheels' paths, in a folder outside the workspace; `contract`: floor or newest."""
    dist = outside / "dist"
    for package in packages:
        is_floor = contract == "floor" and package.name == CONTRACT
        source = first_release(session, package, outside) if is_floor else package.path
        session.run(
            find_uv_bin(),
            *("build", "--quiet", "--wheel", "--no-sources", "-o", str(dist), str(source)),
            external=True,
        )
    return [str(path) for path in sorted(dist.glob("*.whl"))]


def first_release(session: nox.Session, package: Package, outside: Path) -> Path:
    """A package as it was released first of its major; as it is here, where it was not yet."""
    listed = session.run(
        "git", "tag", "--list", "contract-v*", "--sort=v:refname", external=True, silent=True
    )
    released = str(listed).split()
    if not released:
        session.log("the contract was not released yet: its floor is what is here")
        return package.path
    archive, folder = outside / "floor.tar", outside / "floor"
    session.run("git", "archive", f"--output={archive}", released[0], str(package.path), external=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / package.path
