"""The configuration file itself: read, and changed by one process at a time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from skylift.project import PROJECT_FILE, find_project_file, read_toml
from skylift.stacks.entries import STACK_VARIABLE, Entries, read_entries
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator

    from tomlkit import TOMLDocument

PATIENCE_S: Final = 30.0
"""How long another process's change is waited for; one takes milliseconds."""

PRIVATE: Final = 0o600


def configuration_file() -> Path:
    """The project's `skylift.toml` where there is one, else the user's."""
    return find_project_file() or user_file()


def user_file() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir("skylift", appauthor=False)) / PROJECT_FILE


def read_configuration() -> Entries:
    """What the configuration file says; of none, the default stack.

    The active stack is the one that `SKYLIFT_STACK` names, where that is set.

    Raises `ConfigurationError` for what is no TOML, or says what cannot be.
    """
    path = configuration_file()
    entries = read_entries(_content(path), path)
    asked = os.environ.get(STACK_VARIABLE, "").strip()
    return replace(entries, active=asked, active_by=STACK_VARIABLE) if asked else entries


def _content(path: Path) -> dict[str, Any]:
    return read_toml(path) if os.path.lexists(path) else {}


@contextlib.contextmanager
def editing() -> Generator[tuple[TOMLDocument, Entries]]:
    """The file's document to change, and what it said before; written when the block ends well.

    Comments and order stay. A file that cannot be understood is never written over: that
    raises `ConfigurationError` first.
    """
    import tomlkit

    path = configuration_file().resolve()  # a link stays a link
    with _locked(path):
        before = read_entries(_content(path), path)
        document = tomlkit.parse(path.read_bytes().decode("utf-8-sig") if path.is_file() else "")
        yield document, before
        text = tomlkit.dumps(document)
        if not _says(text, document.unwrap()):
            fix = "Write its tables as [orchestrator.name], [stack.name]; or change it by hand."
            raise ConfigurationError(
                "its tables are written so that none can be added", who=str(path), fix=fix
            )
        read_entries(document.unwrap(), path)
        _replace(path, f"{text.rstrip()}\n".encode())


def _says(text: str, content: dict[str, Any]) -> bool:
    """Whether a text is TOML of this content: what tomlkit makes of inline tables need not be."""
    try:
        return tomllib.loads(text) == content
    except tomllib.TOMLDecodeError:
        return False


@contextlib.contextmanager
def _locked(path: Path) -> Generator[None]:
    """Wait for our turn; the lock's own file stands in the user's folders, not beside the project."""
    import platformdirs
    from filelock import FileLock, Timeout

    folder = Path(platformdirs.user_state_dir("skylift", appauthor=False)) / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.lock"
    try:
        with FileLock(lock, timeout=PATIENCE_S, mode=PRIVATE):
            yield
    except Timeout:
        raise ConfigurationError(
            f"another process has been changing it for {PATIENCE_S:g} s", who=str(path), fix="Try again."
        ) from None


def _replace(path: Path, content: bytes) -> None:
    """The whole new file takes the old one's place and its mode; readers see one or the other."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else PRIVATE
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        Path(name).unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"it cannot be written: {error.strerror}", who=str(path), fix="Check who owns it and its folder."
    )
