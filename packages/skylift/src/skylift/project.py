"""The project and the folders that a process works in."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Final, cast

from skylift_contract.errors import ConfigurationError

PROJECT_FILE: Final = "skylift.toml"
STORE_OPTION: Final = "SKYLIFT_STORE_URI"
"""Overrides the default stack's artifact store; a URI."""

DEFAULT_PROJECT: Final = "default"


def find_project_file(start: Path | None = None) -> Path | None:
    """The nearest `skylift.toml`, from a folder upwards."""
    folder = (start or Path.cwd()).resolve()
    return next((p / PROJECT_FILE for p in (folder, *folder.parents) if (p / PROJECT_FILE).is_file()), None)


def project_name(start: Path | None = None) -> str:
    """`[project] name` of `skylift.toml`; `default` where there is none."""
    path = find_project_file(start)
    if path is None:
        return DEFAULT_PROJECT
    table = read_toml(path).get("project", {})
    name: object = (
        cast("dict[str, object]", table).get("name", DEFAULT_PROJECT) if isinstance(table, dict) else table
    )
    if not isinstance(name, str) or not name.strip():
        raise ConfigurationError("a project's name is text", who=f"{path}, project.name", value=name)
    return name


def read_toml(path: Path) -> dict[str, Any]:
    """A file's content; raises `ConfigurationError` for what cannot be read or is no TOML."""
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigurationError(
            f"it cannot be read: {error.strerror}", who=str(path), fix="Check its permissions."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"it is no TOML: {error}", who=str(path), fix="Mend the line.") from error


def default_store_uri() -> str:
    """A folder in the user's data directory, unless the environment names another store."""
    if uri := os.environ.get(STORE_OPTION):
        return uri
    import platformdirs

    return (Path(platformdirs.user_data_dir("skylift", appauthor=False)) / "store").as_uri()
