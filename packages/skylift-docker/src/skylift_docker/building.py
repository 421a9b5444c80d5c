"""Images that are built of recipes: each once, named by what is in it."""

from __future__ import annotations

import io
import sys
import tarfile
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from skylift_contract.canonical import digest, digest_of
from skylift_contract.errors import BackendError, ConfigurationError
from skylift_contract.names import slug
from skylift_docker.dockerfile import LOCK_FILE, WHEELS, dockerfile
from skylift_docker.one_build import named_when_done, one_at_a_time, without_traces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from skylift.bootstrap.recipes import Recipe
    from skylift_docker.config import DockerOrchestratorConfig
    from skylift_docker.image_client import Images

LOCAL: Final = "localhost"
"""The registry in a name that is to be found in no registry."""

PREFIX: Final = "image | "
SHOWN: Final = 3
"""Lines that a build said last, which are said again with its failure."""


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds on one engine, for one project.

    `registry`: what names of its images begin with, where they are pushed; empty where they stay.
    `source`: the root of the user's source; None where that is not at hand.
    """

    images: Images
    config: DockerOrchestratorConfig
    project: str
    registry: str = ""
    source: Path | None = None

    def image(self, recipe: Recipe, lock: tuple[str, ...], who: str) -> str:
        """The image of a recipe, by digest; built where it is not there, and pushed where that is wanted.

        Raises `BackendError` with what the build said last, `AuthenticationError` where a registry
        refuses, and `NotFound` for a parent that is nowhere.
        """
        parent = self._parent(recipe, who)
        found = self.images.inspect(parent)
        context = self._context(found.named(parent) if recipe.parent else parent, found.user, recipe, lock)
        tag = digest_of({"files": {name: digest(data) for name, data in context.items()}, "on": found.id})[
            :24
        ]
        name = f"{self.registry or LOCAL}/skylift-{slug(self.project, 40)}:{tag}"
        return (
            self._pushed(name, recipe, context, who)
            if self.registry
            else self._built(name, recipe, context, who)
        )

    def _built(self, name: str, recipe: Recipe, context: Mapping[str, bytes], who: str) -> str:
        with one_at_a_time(name, f"{PREFIX}another process builds it; waiting for that"):
            if not self.images.has(name):
                with named_when_done(self.images, name) as partly:
                    said = self.images.build(_tar(context), partly, recipe.platform, self.config.network)
                    self._made(said, who)
        return self.images.inspect(name).id

    def _pushed(self, name: str, recipe: Recipe, context: Mapping[str, bytes], who: str) -> str:
        repository = name.rpartition(":")[0]
        found = self.images.digest_in_registry(name)
        if found is None:
            self._built(name, recipe, context, who)
            _shown(self.images.push(name), who)
            found = self.images.digest_in_registry(name)
        return f"{repository}@{found}"

    def _parent(self, recipe: Recipe, who: str) -> str:
        """The image that the recipe stands on, on the engine; of a Dockerfile, what that makes."""
        if not recipe.dockerfile:
            if self.config.pull == "always" or not self.images.has(recipe.parent):
                self.images.pull(recipe.parent, recipe.platform)
            return recipe.parent
        folder = self._inside(recipe.build_context or ".", who, "build_context")
        file = self._inside(recipe.dockerfile, who, "dockerfile")
        name = f"{LOCAL}/skylift-{slug(self.project, 40)}:{digest(str(file).encode())[:12]}-parent"
        with one_at_a_time(name, f"{PREFIX}another process builds its parent; waiting for that"):
            said = self.images.build_folder(folder, file, name, recipe.platform, self.config.network)
            self._made(said, who)
        return name

    def _made(self, said: Iterable[str], who: str) -> None:
        with without_traces(self.images, said) as lines:
            _shown(lines, who)

    def _inside(self, path: str, who: str, field: str) -> Path:
        found = (self.source or Path()) / path
        if self.source is None or not found.exists():
            raise ConfigurationError(
                f"there is no such path in the source{'' if self.source else ', which is not at hand'}",
                who=f"{who}, DockerSettings.{field}",
                value=path,
                fix="Paths are relative to the root of the source.",
            )
        return found.resolve()

    def _context(self, parent: str, user: str, recipe: Recipe, lock: tuple[str, ...]) -> dict[str, bytes]:
        """File → content of what the engine is sent to build of."""
        wheels = dict(_wheels(Path(self.config.wheels), lock)) if self.config.wheels else {}
        index = "" if self.config.wheels else self.config.index or ""
        text = dockerfile(parent, user, recipe, index, has_wheels=bool(self.config.wheels))
        lines = "".join(f"{line}\n" for line in lock)
        return {"Dockerfile": text.encode(), LOCK_FILE: lines.encode(), **wheels}


def _wheels(folder: Path, lock: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Those that the lock names: what else comes into the folder builds nothing anew."""
    wanted = {
        (canonicalize_name(name), version) for name, _, version in (one.partition("==") for one in lock)
    }
    for path in sorted(folder.glob("*.whl")):
        with suppress(InvalidWheelFilename):
            name, version, _, _ = parse_wheel_filename(path.name)
            if (name, str(version)) in wanted:
                yield f"{WHEELS}/{path.name}", path.read_bytes()


def _tar(context: Mapping[str, bytes]) -> bytes:
    """The same files give the same bytes, so that an engine finds the layers that it has made of them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in sorted(context.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _shown(said: Iterable[str], who: str) -> None:
    """Show a build as it goes; raise with the instruction that failed, and what was said last."""
    last, instruction = deque[str](maxlen=SHOWN), ""
    try:
        for line in said:
            instruction = line if line.startswith("Step ") else instruction
            last.append(line.strip())
            with suppress(OSError, ValueError):  # nobody looks any more
                sys.stdout.write(f"{PREFIX}{line}\n")
    except BackendError as error:
        if type(error) is not BackendError or not instruction:
            raise
        words = " / ".join([*(line for line in last if line != instruction), error.what])
        raise BackendError(
            f"the image of {who} cannot be built, at {instruction!r}: {words}",
            operation=error.operation,
            fix="Correct its DockerSettings; all that the build said is above.",
        ) from error
