"""Recipe → Dockerfile: pure, with what changes most often last, so that the layers before it are kept."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Final

from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skylift.bootstrap.recipes import Recipe


LOCK_FILE: Final = "requirements.txt"
WHEELS: Final = "wheels"
INSIDE: Final = "/opt/skylift"
"""Of an image: where the lock and the wheels are copied to."""


def dockerfile(parent: str, user: str, recipe: Recipe, index: str, *, has_wheels: bool) -> str:
    """Return the text; its layers: Debian's packages, what is installed by pip, variables.

    `parent`: the image that it begins with, and `user`, whom that runs as, as this will. `index`:
    a URL, or empty. `has_wheels`: whether the context brings what is installed.

    Raises `ConfigurationError` for a variable that no Dockerfile can hold.

    Source: docs.docker.com/reference/dockerfile
    """
    place = [f"--find-links={INSIDE}/{WHEELS}", "--no-index"] if has_wheels else []
    place += [f"--index-url={index}"] if index else []
    lines = [
        f"FROM {parent}",
        *(["USER root"] if user else []),
        *_debian(recipe.apt_packages),
        *([f"COPY {WHEELS} {INSIDE}/{WHEELS}"] if has_wheels else []),
        f"COPY {LOCK_FILE} {INSIDE}/{LOCK_FILE}",
        "ARG " + " ".join(f"{name}={value}" for name, value in _OF_PIP.items()),
        f"RUN {json.dumps([*_PIP, *place, '--requirement', f'{INSIDE}/{LOCK_FILE}'])}",
        *(f"ENV {name}={_quoted(name, value)}" for name, value in recipe.environment),
        *([f"USER {user}"] if user else []),
    ]
    return "\n".join(lines) + "\n"


_OF_PIP: Final = {
    "PIP_BREAK_SYSTEM_PACKAGES": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    "PIP_NO_WARN_SCRIPT_LOCATION": "0",  # of what is not to be: pip sets this one as it is written
    "PIP_PROGRESS_BAR": "off",
}
"""Options as variables, which a pip that is too old for one takes no notice of; gone when it is built."""

_PIP: Final = (
    "python",
    "-m",
    "pip",
    "install",
    "--no-cache-dir",
    "--disable-pip-version-check",
    "--no-input",
)


def _debian(packages: Sequence[str]) -> Iterator[str]:
    if packages:
        names = " ".join(map(shlex.quote, packages))
        yield (
            f"RUN apt-get update && apt-get install --yes --no-install-recommends {names} "
            "&& rm -rf /var/lib/apt/lists/*"
        )


def _quoted(name: str, value: str) -> str:
    """In the double quotes of a Dockerfile, where a backslash, a quote and a dollar sign are escaped."""
    if "\n" in value or "\r" in value or not name.isidentifier():
        raise ConfigurationError(
            "no Dockerfile can hold it: a name is letters, digits and _, and a value one line",
            who=f"DockerSettings.environment[{name!r}]",
            value=value,
            fix="Give it to the step: @step(environment={…}).",
        )
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
