"""polars' frames and series as Parquet, by polars itself."""

from __future__ import annotations

import io
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from skylift.materializers.base import BaseMaterializer, NewFiles, StoredFiles
from skylift_contract.errors import MaterializationError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "value.parquet"


class PolarsMaterializer(BaseMaterializer):
    """`value.parquet`, read back before it counts; what it does not keep is left to the next candidate."""

    def save(self, value: Any, annotation: Any, files: NewFiles) -> Mapping[str, Any] | None:  # noqa: ARG002
        pl: Any = import_module("polars")
        if isinstance(value, pl.LazyFrame):
            raise MaterializationError(
                "a LazyFrame is a plan and holds no data", fix="Return .collect() of it."
            )
        if type(value) not in (pl.DataFrame, pl.Series):
            raise MaterializationError(f"Parquet would drop what {type(value).__name__} adds to polars")
        frame = value if isinstance(value, pl.DataFrame) else value.to_frame()
        if any(dtype == pl.Object for dtype in frame.dtypes):
            raise MaterializationError(
                "it holds Python objects, which polars can neither write nor pickle",
                fix="Cast the column, or return .to_dicts() of it.",
            )
        try:
            _write(frame, files, pl)
        except pl.exceptions.PolarsError as error:
            raise MaterializationError(f"Parquet cannot hold it: {error}") from error
        return None if frame is value else {"series": True}

    def load(self, files: StoredFiles, details: Mapping[str, Any], annotation: Any) -> Any:  # noqa: ARG002
        pl: Any = import_module("polars")
        with files.open(NAME) as file:
            frame = pl.read_parquet(file, use_pyarrow=False)
        return frame.to_series() if details.get("series") else frame


def _write(frame: Any, files: NewFiles, pl: Any) -> None:
    with files.open(NAME, frame.estimated_size()) as file:
        frame.write_parquet(file, compression="zstd")
    written = files.contents[NAME]
    back = pl.read_parquet(io.BytesIO(written) if isinstance(written, bytes) else written)
    if back.schema != frame.schema or not back.equals(frame, null_equal=True):
        raise MaterializationError("Parquet does not keep it as it is")
