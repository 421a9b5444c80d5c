"""The exact versions that requirements stand for, found once, when a run is submitted."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import tempfile
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skylift_contract.errors import ConfigurationError, SkyliftError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skylift.bootstrap.recipes import Recipe
    from skylift_contract.snapshot import PipelineSnapshot

PLATFORMS: Final = {"linux/amd64": "x86_64-manylinux_2_28", "linux/arm64": "aarch64-manylinux_2_28"}
"""Docker's names of platforms → uv's, docs.astral.sh/uv/reference/cli/#uv-pip-compile--python-platform."""

LAST: Final = 6
"""Lines of what uv says, in which the cause stands."""


_OF_OURS: Final = re.compile(r" in `asked\.in`( at position \d+)?")
"""What uv says of where a requirement stands: in a file that is gone when anybody reads it."""

_CAUSE: Final = re.compile(r":? cause: ")
"""Between a clause of uv's and what it comes of."""

ASKED: Final = "DockerSettings.requirements"
_UNREACHED: Final = re.compile(
    r"Request failed after|error sending request|[Cc]onnection refused|timed out|dns error"
)
"""How uv says that no answer came, or none that was one."""

LOOSEN: Final = "Loosen them, or name the index that has them."

OURS: Final = "Skylift's own packages"

_DRAWN: Final = " \N{MULTIPLICATION SIGN}╰─▶│"
"""What uv draws a tree of causes with."""


def lock_of(recipe: Recipe, snapshot: PipelineSnapshot, index: str | None, where: str) -> tuple[str, ...]:
    """`where`: how an index is named, for the sentence.

    Raises `ConfigurationError` where no versions fit, with whose requirements these are.
    """
    is_ours = not recipe.asked
    return locked(
        recipe.requirements,
        snapshot.runtime.python,
        platform=recipe.platform,
        index=index or "",
        who=OURS if is_ours else f"{ASKED}, and {OURS}",
        fix=f"Please {where}" if is_ours else f"Loosen yours, or {where}",
    )


def locked(
    requirements: Sequence[str],
    python: str,
    *,
    platform: str | None = None,
    index: str = "",
    who: str = ASKED,
    fix: str = LOOSEN,
) -> tuple[str, ...]:
    """Every distribution that these need, as `name==version`, sorted; the machine decides nothing of it.

    `python`: the minor version. `platform`: as Docker has it, by default `linux/amd64`. Where several
    versions will do, the one that is installed here is preferred: what it wrote is read by the same.
    `who`, `fix`: whose requirements they are, and what to do where nothing fits them.

    Raises `ConfigurationError` for requirements that nothing fits, and where there is no uv; `SkyliftError`
    where the index does not answer.
    """
    argv = [*_uv(), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-config"]
    argv += ["--python-version", python, "--python-platform", _platform(platform), *_place(index)]
    with tempfile.TemporaryDirectory() as folder:
        asked, found = Path(folder) / "asked.in", Path(folder) / "found.txt"
        asked.write_text("".join(f"{line}\n" for line in requirements))
        found.write_text("".join(f"{line}\n" for line in installed_here()))
        done = subprocess.run(  # noqa: S603 -- argv list, no shell
            [*argv, str(asked), "--output-file", str(found)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise _refusal(done.stderr.replace(f"{folder}/", ""), who, ", ".join(requirements), fix)
        return tuple(line for line in found.read_text().splitlines() if line and line[0] not in "#-")


def _refusal(said: str, who: str, value: str, fix: str) -> SkyliftError:
    clauses = _clauses(_OF_OURS.sub("", said))
    if _UNREACHED.search(said):
        return SkyliftError(
            f"the index could not be asked for what fits: {clauses}",
            who=who,
            value=value,
            fix="Try again, or see whether it can be reached from here.",
        )
    return ConfigurationError(f"no versions fit: {clauses}", who=who, value=value, fix=fix)


def installed_here() -> list[str]:
    """What this interpreter has, as `name==version`, but for what was built here: no index has that."""
    found = {one.name: one.version for one in distributions()}
    return sorted(f"{name}=={version}" for name, version in found.items() if "+" not in version)


def _uv() -> list[str]:
    if importlib.util.find_spec("uv"):
        from uv import find_uv_bin

        return [find_uv_bin()]
    if found := shutil.which("uv"):
        return [found]
    raise ConfigurationError(
        "there is no uv here, which finds the versions that requirements stand for",
        who=ASKED,
        fix="pip install 'skylift[containers]', or name an image that holds them: DockerSettings(image=…).",
    )


def _platform(asked: str | None) -> str:
    if found := PLATFORMS.get(asked or "linux/amd64"):
        return found
    raise ConfigurationError(
        "which wheels it takes is not known",
        who="DockerSettings.platform",
        value=asked,
        limit=" or ".join(PLATFORMS),
        fix="Name an image that holds what the step needs: DockerSettings(image=…).",
    )


def _place(index: str) -> list[str]:
    if not index:
        return []
    if index.startswith(("http://", "https://")):
        return ["--default-index", index]
    return ["--no-index", "--find-links", index]


def _clauses(said: str) -> str:
    """What uv says, in one line and without its words for what is an error and what a cause."""
    lines = [line.strip(_DRAWN) for line in said.splitlines() if line.strip()]
    return _CAUSE.sub(": ", " ".join(lines[:LAST])).removeprefix("error: ").rstrip(".")
