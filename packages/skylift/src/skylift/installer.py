"""Installing and removing packages in the running interpreter's environment, with its pip or with uv."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlparse

from skylift.integrations import needed, without_password
from skylift_contract.errors import ConfigurationError, SkyliftError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skylift.integrations import Integration, Source

OWN: Final = ("skylift", "skylift-contract")
"""What stays as it is: a package that wants others of them does not fit."""

LINES: Final = 3
"""Of what an installer wrote, the last; its cause stands there."""


class InstallFailed(SkyliftError):
    """The installer refused; its own last words are in the sentence."""


def install(asked: Integration, place: Source) -> None:
    """Install a package from a place and nowhere else; raises `InstallFailed`."""
    tool = _tool()
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        pins.write_text("".join(f"{name}=={version(name)}\n" for name in OWN))
        here = [] if tool[0] == sys.executable else ["--python", sys.executable]
        argv = [*tool, "install", *here, "--constraint", str(pins)]
        if place.workspace is not None:
            _call([*argv, *_editable(needed(place.workspace, asked.package))], asked, os.environ)
        else:
            _call([*argv, *_only_from(place.index, tool), asked.requirement], asked, _alone())


def uninstall(asked: Integration) -> None:
    tool = _tool()
    yes = ["--yes"] if tool[0] == sys.executable else ["--python", sys.executable]
    _call([*tool, "uninstall", *yes, asked.package], asked, os.environ)


def _tool() -> list[str]:
    """The interpreter's own pip, else uv for it."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if uv := shutil.which("uv"):
        return [uv, "pip"]
    raise ConfigurationError(
        "it has no pip, and there is no uv on the PATH",
        who=f"Python {sys.executable}",
        fix="python -m ensurepip, or install uv.",
    )


def _editable(folders: Sequence[Path]) -> list[str]:
    """Ours by their folders; whatever else they need comes from where the user's packages come from."""
    return [word for folder in folders for word in ("--editable", str(folder))]


def _only_from(index: str, tool: Sequence[str]) -> list[str]:
    """Options by which the index is the only one: the user's own settings may name others."""
    is_pip = tool[0] == sys.executable
    alone = ["--isolated", "--no-input"] if is_pip else ["--no-config"]
    folder = _folder(index)
    if folder is not None:
        return [*alone, "--no-index", "--find-links", str(folder)]
    return [*alone, "--index-url" if is_pip else "--default-index", index]


def _folder(index: str) -> Path | None:
    """The folder of wheels that an index is; None for one that is asked over the network."""
    found = urlparse(index)
    if found.scheme in {"http", "https"}:
        return None
    folder = Path(unquote(found.path) if found.scheme == "file" else index).expanduser()
    if not folder.is_dir():
        raise ConfigurationError(
            "it is neither a URL of an index nor a folder of wheels", who="index", value=index
        )
    return folder.resolve()


def _call(argv: list[str], asked: Integration, environment: Mapping[str, str]) -> None:
    """Run an installer; what it prints is kept back for the sentence, if it fails."""
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- argv list, no shell
    if done.returncode:
        said = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise InstallFailed(
            f"{Path(argv[0]).name} failed: {' / '.join(said[-LINES:])}",
            who=asked.who,
            fix=f"No other place was tried; the call: {' '.join(map(without_password, argv))}",
        )


def _alone() -> Mapping[str, str]:
    """Our environment without what would name a further index; pip reads no file of settings then."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    return {**kept, "PIP_CONFIG_FILE": os.devnull}
