"""The project and the folders that a process works in."""

from __future__ import annotations

import os
import tomllib
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from skylift.url_passwords import refuse_passwords
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator

PROJECT_FILE: Final = "skylift.toml"
STORE_OPTION: Final = "SKYLIFT_STORE_URI"
"""Overrides the default stack's artifact store; a URI."""

DEFAULT_PROJECT: Final = "default"


_file: ContextVar[Path | None] = ContextVar("file", default=None)


@contextmanager
def project_of(file: Path | None) -> Generator[None]:
    """Within it, the project is that of a file, wherever the process stands; of None, as before."""
    token = _file.set(file or _file.get())
    try:
        yield
    finally:
        _file.reset(token)


def find_project_file() -> Path | None:
    """The nearest `skylift.toml`: from the pipeline's file upwards, else from the current folder."""
    file = _file.get()
    return (_nearest(file.parent) if file else None) or _nearest(Path.cwd())


def _nearest(start: Path) -> Path | None:
    """One that is a folder, or a link to nothing, is found too: reading it says so."""
    folder = start.resolve()
    found = (parent / PROJECT_FILE for parent in (folder, *folder.parents))
    return next((path for path in found if os.path.lexists(path)), None)


def project_name() -> str:
    """`[project] name` of `skylift.toml`; `default` where there is none."""
    path = find_project_file()
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
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))  # Windows' editors begin it with a mark
    except OSError as error:
        raise ConfigurationError(
            f"it cannot be read: {error.strerror}", who=str(path), fix="Check its permissions."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"it is no TOML: {error}", who=str(path), fix="Mend the line.") from error


def default_store_uri() -> str:
    """A folder in the user's data directory, unless the environment names another store."""
    if uri := os.environ.get(STORE_OPTION):
        refuse_passwords(uri, STORE_OPTION)
        return uri
    return (data_folder() / "store").as_uri()


def data_folder() -> Path:
    """Of the user's, where this machine's stores are."""
    import platformdirs

    return Path(platformdirs.user_data_dir("skylift", appauthor=False))
