"""The workspace's packages, as its folders and pyproject files state them: no list to keep."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Package:
    """One distribution of the workspace; `path` is its folder, relative to the root."""

    path: Path
    data: dict[str, Any]

    @property
    def name(self) -> str:
        return self.data["project"]["name"]

    @property
    def short(self) -> str:
        """`skylift-contract` -> `contract`; `skylift` stays: the name in sessions and locks."""
        return self.name.removeprefix("skylift-")

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    @property
    def source(self) -> Path:
        return self.path / "src" / self.module

    @property
    def requirements(self) -> list[str]:
        """What an installation without extras needs, as it is written."""
        return self.data["project"].get("dependencies", [])

    @property
    def test_requirements(self) -> list[str]:
        return self.data.get("dependency-groups", {}).get("test", [])

    @property
    def flavors(self) -> list[str]:
        """The orchestrators that it brings, by the names of their entry points."""
        return list(self.data["project"].get("entry-points", {}).get("skylift.orchestrators", {}))


def packages(root: Path = ROOT) -> dict[str, Package]:
    """Every package by its distribution's name, shared ones first."""
    files = [*sorted(root.glob("shared/*/pyproject.toml")), *sorted(root.glob("packages/*/pyproject.toml"))]
    found = [Package(file.parent.relative_to(root), tomllib.loads(file.read_text())) for file in files]
    return {package.name: package for package in found}


def needed(package: Package, known: dict[str, Package]) -> list[Package]:
    """The package and whatever of the workspace it needs, itself or through another; dependencies first."""
    return _with_those_below(package, package.requirements, known)


def needed_by_tests(package: Package, known: dict[str, Package]) -> list[Package]:
    """The same, with what its tests need besides."""
    return _with_those_below(package, [*package.requirements, *package.test_requirements], known)


def _with_those_below(package: Package, requirements: list[str], known: dict[str, Package]) -> list[Package]:
    below = [known[name] for name in map(distribution, requirements) if name in known]
    ordered = [each for one in below for each in needed(one, known)] + [package]
    return list({each.name: each for each in ordered}.values())


def distribution(requirement: str) -> str:
    """The normalized name that a requirement starts with: `Foo.Bar[x]>=1` -> `foo-bar`."""
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
    if match is None:
        raise ValueError(f"{requirement!r} does not start with a distribution's name")
    return re.sub(r"[-_.]+", "-", match[0]).lower()
