"""numpy's arrays and scalars as `.npy`, which any numpy reads and no pickle is in.

Read into memory, not mapped: what a step is given is its own to write to.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skylift.materializers.base import BaseMaterializer, NewFiles, StoredFiles
from skylift_contract.errors import MaterializationError

if TYPE_CHECKING:
    from collections.abc import Mapping


class NumpyMaterializer(BaseMaterializer):
    """`value.npy`; a scalar is an array of no dimensions. A memory-mapped array comes back as a plain one."""

    def save(self, value: Any, annotation: Any, files: NewFiles) -> Mapping[str, Any] | None:  # noqa: ARG002
        np: Any = import_module("numpy")
        _check(value, np)
        array = np.asarray(value)
        with files.open("value.npy", array.nbytes + 1024) as file:
            np.lib.format.write_array(file, array, allow_pickle=False)
        return {"scalar": True} if isinstance(value, np.generic) else None

    def load(self, files: StoredFiles, details: Mapping[str, Any], annotation: Any) -> Any:  # noqa: ARG002
        np: Any = import_module("numpy")
        with files.open("value.npy") as file:
            array = np.load(file, allow_pickle=False)
        return array[()] if details.get("scalar") else array


def _check(value: Any, np: Any) -> None:
    """Refuse what `.npy` would drop without a word: subclasses, objects, types that it has no name for."""
    if not isinstance(value, np.generic) and type(value) not in (np.ndarray, np.memmap):
        raise MaterializationError(f".npy would drop what {type(value).__name__} adds to an array")
    if value.dtype.hasobject:
        raise MaterializationError("it holds Python objects, which .npy can only pickle")
    try:
        named = np.lib.format.descr_to_dtype(np.lib.format.dtype_to_descr(value.dtype))
    except (TypeError, ValueError) as error:
        raise MaterializationError(f".npy has no name for {value.dtype}") from error
    if named != value.dtype or value.dtype.metadata:
        raise MaterializationError(f".npy has no name for {value.dtype}")
