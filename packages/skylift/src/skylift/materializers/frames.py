"""pandas' frames and series as Parquet; as an Arrow file where Parquet would lose something.

Parquet forgets categories that are not text, and units of time; an Arrow file keeps them.
Either is read back before it counts. `None` and `NaN` in a column of objects are one missing
value, as they are to pandas; what neither format brings back is left to the next candidate.
"""

from __future__ import annotations

import io
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, Final

from skylift.materializers.arrow_tables import read_arrow, write_arrow
from skylift.materializers.base import BaseMaterializer, NewFiles, StoredFiles
from skylift.materializers.equality import same
from skylift_contract.errors import MaterializationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ONLY_COLUMN: Final = "value"
"""The column that a series is stored in; its own name may be no text and stands in the details."""


def write_parquet(table: Any, file: IO[bytes]) -> None:
    parquet: Any = import_module("pyarrow.parquet")
    parquet.write_table(table, file, compression="zstd")


def read_parquet(file: IO[bytes]) -> Any:
    parquet: Any = import_module("pyarrow.parquet")
    return parquet.read_table(file)


FORMATS: Final[Mapping[str, tuple[Callable[[Any, IO[bytes]], None], Callable[[IO[bytes]], Any]]]] = {
    "value.parquet": (write_parquet, read_parquet),
    "value.arrow": (write_arrow, read_arrow),
}
"""File name → how it is written and read, in the order in which they are tried."""


class PandasMaterializer(BaseMaterializer):
    def save(self, value: Any, annotation: Any, files: NewFiles) -> Mapping[str, Any] | None:  # noqa: ARG002
        pd: Any = import_module("pandas")
        pa: Any = import_module("pyarrow")
        if type(value) not in (pd.DataFrame, pd.Series):
            raise MaterializationError(f"a table would drop what {type(value).__name__} adds to pandas")
        frame, details = _framed(value, pd)
        reasons: list[str] = []
        for name in FORMATS:
            try:
                _write(name, frame, details, files)
            except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
                reasons.append(_first_line(error))
            else:
                return {**details, "file": name}
        raise MaterializationError(reasons[-1])

    def load(self, files: StoredFiles, details: Mapping[str, Any], annotation: Any) -> Any:  # noqa: ARG002
        import_module("pandas")
        name = details["file"]
        with files.open(name) as file:
            frame = _read(name, file, details)
        if "series" not in details:
            return frame
        series = frame[ONLY_COLUMN]
        series.name = details["series"]["name"]
        return series


def _framed(value: Any, pd: Any) -> tuple[Any, dict[str, Any]]:
    """A frame, and what Arrow does not keep of the value: a series' name, objects, a frequency."""
    details: dict[str, Any] = {}
    frame = value
    if value.ndim == 2 and len(set(map(type, value.columns))) > 1:
        raise MaterializationError("its columns' names are of several types, and a table's are text")
    if isinstance(value, pd.Series):
        if type(value.name) not in (str, int, type(None)):
            raise MaterializationError(f"the series' name is neither text nor a number: {value.name!r}")
        frame = value.to_frame(name=ONLY_COLUMN)
        details["series"] = {"name": value.name}
    objects = [place for place, dtype in enumerate(frame.dtypes) if dtype.name == "object"]
    frequency = getattr(frame.index, "freqstr", None)
    found = {"objects": objects, "frequency": frequency}
    return frame, details | {name: what for name, what in found.items() if what}


def _write(name: str, frame: Any, details: Mapping[str, Any], files: NewFiles) -> None:
    """Write the frame and read it back; raises what pyarrow raises, and `ValueError` for another frame."""
    pa: Any = import_module("pyarrow")
    table = pa.Table.from_pandas(frame)
    files.contents.clear()
    with files.open(name, table.nbytes) as file:
        FORMATS[name][0](table, file)
    written = files.contents[name]
    with io.BytesIO(written) if isinstance(written, bytes) else written.open("rb") as file:
        back = _read(name, file, details)
    if (lost := _difference(frame, back)) is not None:
        raise ValueError(f"a table does not keep {lost}")


def _read(name: str, file: IO[bytes], details: Mapping[str, Any]) -> Any:
    frame = FORMATS[name][1](file).to_pandas()
    for place in details.get("objects", ()):
        frame.isetitem(place, frame.iloc[:, place].astype(object))
    if "frequency" in details and hasattr(frame.index, "freq") and frame.index.freq is None:
        frame.index.freq = details["frequency"]
    return frame


def _difference(one: Any, other: Any) -> str | None:
    """What of a frame is another in the second; None if nothing is."""
    for what, first, second in (
        ("its index", one.index, other.index),
        ("its columns", one.columns, other.columns),
    ):
        if not _same_index(first, second):
            return what
    for place, name in enumerate(one.columns):
        if not _same_column(one.iloc[:, place], other.iloc[:, place]):
            return f"its column {name!r}"
    return None if same(dict(one.attrs), dict(other.attrs)) else "its attrs"


def _same_index(one: Any, other: Any) -> bool:
    if type(one) is not type(other) or not one.identical(other):
        return False
    if one.nlevels > 1:
        levels = zip(one.levels, other.levels, strict=True)
        return all(first.dtype == second.dtype for first, second in levels)
    frequencies = getattr(one, "freq", None) == getattr(other, "freq", None)
    return frequencies and _same_dtype(one.dtype, other.dtype) and _same_objects(one, other)


def _same_column(one: Any, other: Any) -> bool:
    return _same_dtype(one.dtype, other.dtype) and _same_objects(one, other) and bool(one.equals(other))


def _same_dtype(one: Any, other: Any) -> bool:
    if type(one) is not type(other) or one != other:
        return False
    categories = getattr(one, "categories", None)  # of unordered ones, pandas ignores the order
    return categories is None or _same_index(categories, other.categories)


def _same_objects(one: Any, other: Any) -> bool:
    return one.dtype.name != "object" or all(map(_same_object, one, other))


def _same_object(one: Any, other: Any) -> bool:
    return (_is_missing(one) and _is_missing(other)) or same(one, other)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124 -- the test for NaN


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
