"""The packages of the platforms: which there are, and where they may be taken from.

Only two places are asked: the workspace that skylift itself is installed from, and an index
that the user has named. Whoever owns a package of the same name elsewhere is never given a turn.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlparse

from skylift.stacks.document import read_configuration
from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterator

INDEX_VARIABLE: Final = "SKYLIFT_INDEX"
PREFIX: Final = "skylift"
"""What the names of our packages begin with."""

FITTING: Final = ">=0.1,<0.2"
"""The versions of the packages that this skylift was made with; each says itself which skylift it needs."""


@dataclass(frozen=True, slots=True)
class Integration:
    """A platform's name on the command line, and its package."""

    name: str
    package: str

    @property
    def who(self) -> str:
        return f"integration {self.name!r}"

    @property
    def requirement(self) -> str:
        return f"{self.package}{FITTING}"


_ALL: Final = (
    Integration("aws", "skylift-sagemaker"),
    Integration("gcp", "skylift-vertex"),
    Integration("azure", "skylift-azureml"),
    Integration("databricks", "skylift-databricks"),
    Integration("kubernetes", "skylift-kubernetes"),
    Integration("kubeflow", "skylift-kubeflow"),
    Integration("airflow", "skylift-airflow"),
    Integration("docker", "skylift-docker"),
)
INTEGRATIONS: Final = {one.name: one for one in _ALL}


@dataclass(frozen=True, slots=True)
class Source:
    """Where packages are taken from.

    Args:
        workspace: The root of a workspace; None for an index.
        index: A URL of an index, or a folder of wheels; empty for a workspace.
    """

    workspace: Path | None = None
    index: str = ""

    def __str__(self) -> str:
        return f"workspace {self.workspace}" if self.workspace else f"index {without_password(self.index)}"


def integration(name: str) -> Integration:
    """Raises `UnknownName`, offering the nearest; a package's name stands for its integration."""
    by_package = {one.package: one for one in _ALL}
    found = INTEGRATIONS.get(name) or by_package.get(name)
    if found is None:
        raise UnknownName("integration", name, INTEGRATIONS, fix="See: skylift integration list")
    return found


def installed(package: str) -> Distribution | None:
    try:
        return distribution(package)
    except PackageNotFoundError:
        return None


def source() -> Source | None:
    """The index that the user has named, else the workspace of an editable skylift; None without both."""
    if index := os.environ.get(INDEX_VARIABLE):
        return Source(index=index)
    if index := read_configuration().index:
        return Source(index=index)
    root = workspace()
    return Source(workspace=root) if root else None


def workspace() -> Path | None:
    """The root of the workspace that this skylift is an editable install of."""
    found = installed("skylift")
    folder = editable_folder(found) if found else None
    return folder.parent.parent if folder and folder.parent.name == "packages" else None


def editable_folder(found: Distribution) -> Path | None:
    """Where the source of an editable install is, by its direct_url.json."""
    text = found.read_text("direct_url.json")
    content: Any = json.loads(text) if text else {}
    if not content.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlparse(str(content["url"])).path))


def members(root: Path) -> dict[str, Path]:
    """The packages of a workspace, by name."""
    found = (
        path.parent for part in ("packages", "shared") for path in (root / part).glob("*/pyproject.toml")
    )
    return {str(_project(folder)["name"]): folder for folder in sorted(found)}


def needed(root: Path, package: str) -> list[Path]:
    """The folders of a package and of what it needs of the workspace and is not installed, itself first.

    What is ours must come from there: an index may have a stranger's of that name. Raises
    `ConfigurationError` for one that the workspace has not.
    """
    known, wanted = members(root), [package]
    for name in wanted:
        if name not in known:
            raise ConfigurationError(f"it needs {name}, which workspace {root} does not have", who=package)
        ours = (other for other in _dependencies(known[name]) if f"{other}-".startswith(f"{PREFIX}-"))
        wanted += [other for other in ours if other not in wanted and installed(other) is None]
    return [known[name] for name in wanted]


def check_there(asked: Integration, place: Source | None) -> Source:
    """The place, or a `ConfigurationError` saying plainly that the package is not to be had."""
    if place is None:
        raise ConfigurationError(
            f"{asked.package} is not to be had: this skylift is no editable install of its workspace, and "
            "no index is named",
            who=asked.who,
            fix=f"Name the index that has it: export {INDEX_VARIABLE}=https://…, or [integration] index in "
            "skylift.toml. A package of that name from anywhere else is not ours.",
        )
    if place.workspace is not None and asked.package not in members(place.workspace):
        raise ConfigurationError(
            f"{asked.package} is not built yet: {place} does not have it",
            who=asked.who,
            fix="See what there is: skylift integration list",
        )
    return place


def without_password(index: str) -> str:
    """An index as it may be shown: a URL may hold who logs in there."""
    found = urlparse(index)
    return found._replace(netloc=found.netloc.rpartition("@")[2]).geturl() if "@" in found.netloc else index


def brings(found: Distribution) -> Iterator[tuple[str, str]]:
    """What a package adds: the kind, as `orchestrators`, and the name."""
    for point in found.entry_points:
        if point.group.startswith("skylift."):
            yield point.group.removeprefix("skylift."), point.name


def _project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _dependencies(folder: Path) -> list[str]:
    from packaging.requirements import Requirement

    return [Requirement(text).name for text in _project(folder).get("dependencies", ())]
