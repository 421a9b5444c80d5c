"""What a flavor makes of a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class CompiledPipeline:
    """The native documents; relative file name → the document's bytes, as they would be sent.

    `summary` is plain data for people: the native names, the machines that were chosen.
    """

    documents: Mapping[str, bytes]
    summary: Mapping[str, Any]


def write_documents(compiled: CompiledPipeline, folder: Path) -> list[Path]:
    """Write the documents below a folder, and return where each went."""
    paths = {folder / name: content for name, content in compiled.documents.items()}
    for path, content in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(paths)
