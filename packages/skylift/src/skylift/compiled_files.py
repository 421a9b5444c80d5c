"""What `skylift compile` wrote in a folder, listed there: ours to replace, and no part of any source.

A folder of documents may lie in the project that they were made of. Sent along with the source,
they would change its digest, and with it the next documents.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.canonical import canonical_json
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

LIST: Final = "skylift-compiled.json"
"""The list's own name; it holds the digest of each file beside it, by its path."""


def write_list(digests: Mapping[str, str]) -> bytes:
    return canonical_json({"version": 1, "files": dict(digests)}) + b"\n"


def read_list(path: Path) -> dict[str, str]:
    """File → digest; empty where there is no list. Raises `ConfigurationError` for what is none."""
    try:
        found: Any = json.loads(path.read_bytes())
        return {_below(name): str(digest) for name, digest in found["files"].items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"it does not say what was written there: {type(error).__name__}: {error}",
            who=str(path),
            fix="Delete it and what was written with it, or name another folder.",
        ) from error


def _below(name: str) -> str:
    """The path of a file below the folder; what leads out of it was not written by us."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{name!r} is outside")
    return name


def compiled_below(root: Path, names: Iterable[str]) -> set[str]:
    """Those of a source's files that were compiled, with the lists that say so."""
    lists = [PurePosixPath(name) for name in names if PurePosixPath(name).name == LIST]
    return {(found.parent / name).as_posix() for found in lists for name in (LIST, *read_list(root / found))}
