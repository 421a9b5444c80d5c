"""pyarrow's tables and record batches as Arrow files, which hold every Arrow type as it is."""

from __future__ import annotations

from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

from skylift.materializers.base import BaseMaterializer, NewFiles, StoredFiles
from skylift_contract.errors import MaterializationError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "value.arrow"


class ArrowMaterializer(BaseMaterializer):
    """`value.arrow`, compressed with zstd. A table's chunks may come back divided otherwise."""

    def save(self, value: Any, annotation: Any, files: NewFiles) -> Mapping[str, Any] | None:  # noqa: ARG002
        pa: Any = import_module("pyarrow")
        is_batch = isinstance(value, pa.RecordBatch)
        table = pa.Table.from_batches([value]) if is_batch else value
        try:
            with files.open(NAME, table.nbytes) as file:
                write_arrow(table, file)
        except pa.ArrowException as error:
            raise MaterializationError(f"Arrow cannot write it: {error}") from error
        return {"batch": True} if is_batch else None

    def load(self, files: StoredFiles, details: Mapping[str, Any], annotation: Any) -> Any:  # noqa: ARG002
        import_module("pyarrow")
        with files.open(NAME) as file:
            table = read_arrow(file)
        return _one_batch(table) if details.get("batch") else table


def write_arrow(table: Any, file: IO[bytes]) -> None:
    """Raises `pyarrow.ArrowException` for what an Arrow file cannot hold."""
    ipc: Any = import_module("pyarrow.ipc")
    # A file has one dictionary a column, where the chunks of a table may each have their own.
    unified = table.unify_dictionaries()
    options = ipc.IpcWriteOptions(compression="zstd")
    with ipc.new_file(file, unified.schema, options=options) as writer:
        writer.write_table(unified)


def read_arrow(file: IO[bytes]) -> Any:
    ipc: Any = import_module("pyarrow.ipc")
    with ipc.open_file(file) as reader:
        return reader.read_all()


def _one_batch(table: Any) -> Any:
    batches = table.combine_chunks().to_batches()
    if batches:
        return batches[0]
    pa: Any = import_module("pyarrow")
    return pa.RecordBatch.from_arrays(
        [pa.array([], field.type) for field in table.schema], schema=table.schema
    )
