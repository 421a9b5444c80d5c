"""Text as UTF-8, and bytes as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift.materializers.base import BaseMaterializer, NewFiles, StoredFiles
from skylift_contract.errors import MaterializationError

if TYPE_CHECKING:
    from collections.abc import Mapping


class TextMaterializer(BaseMaterializer):
    """`value.txt`; half of a surrogate pair has no UTF-8 and is left to the next candidate."""

    def save(self, value: Any, annotation: Any, files: NewFiles) -> None:  # noqa: ARG002
        try:
            files.write("value.txt", value.encode())
        except UnicodeEncodeError as error:
            raise MaterializationError(f"it has no UTF-8: {error.reason}") from error

    def load(self, files: StoredFiles, details: Mapping[str, Any], annotation: Any) -> str:  # noqa: ARG002
        return files.read("value.txt").decode()


class BytesMaterializer(BaseMaterializer):
    def save(self, value: Any, annotation: Any, files: NewFiles) -> None:  # noqa: ARG002
        files.write("value.bin", value)

    def load(self, files: StoredFiles, details: Mapping[str, Any], annotation: Any) -> bytes:  # noqa: ARG002
        return files.read("value.bin")
