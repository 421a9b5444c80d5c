"""What a flavor makes of a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CompiledPipeline:
    """The native documents; relative file name → the document's bytes, as they would be sent.

    `summary` is plain data for people: the native names, the machines that were chosen.
    """

    documents: Mapping[str, bytes]
    summary: Mapping[str, Any]
