"""Which materializer a value gets: by its type's full name, so no type is imported to be asked."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import MaterializationError

if TYPE_CHECKING:
    from skylift.materializers.base import BaseMaterializer

_HERE: Final = "skylift.materializers"

BUILTIN: Final = {
    "json": f"{_HERE}.json_values:JsonMaterializer",
    "text": f"{_HERE}.json_values:TextMaterializer",
    "bytes": f"{_HERE}.json_values:BytesMaterializer",
    "path": f"{_HERE}.paths:PathMaterializer",
    "numpy": f"{_HERE}.arrays:NumpyMaterializer",
    "pandas": f"{_HERE}.tables:PandasMaterializer",
    "polars": f"{_HERE}.tables:PolarsMaterializer",
    "arrow": f"{_HERE}.tables:ArrowMaterializer",
    "cloudpickle": f"{_HERE}.pickles:CloudpickleMaterializer",
}
"""Name → where it stands."""

BY_TYPE: Final = {
    "builtins.str": "text",
    "builtins.bytes": "bytes",
    "pathlib.Path": "path",
    "numpy.ndarray": "numpy",
    "pandas.core.frame.DataFrame": "pandas",
    "pandas.core.series.Series": "pandas",
    "pandas.DataFrame": "pandas",
    "pandas.Series": "pandas",
    "polars.dataframe.frame.DataFrame": "polars",
    "polars.series.series.Series": "polars",
    "pyarrow.lib.Table": "arrow",
}
"""Full name of a type → its materializer; subclasses have their base's."""


def candidates(value: Any) -> tuple[str, ...]:
    """Names to try, in order: the one for the type, else JSON, and cloudpickle as the last resort."""
    named = _named_by_type(type(value))
    return (named,) if named else ("json", "cloudpickle")


@lru_cache(maxsize=4096)
def _named_by_type(kind: type) -> str | None:
    names = [f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__]
    plugins = _plugins()
    for name in names:
        if name in plugins:
            return name
    # A subclass of str or bytes, such as an enum, is more than its text.
    exact = names[:1] if names[0] in BY_TYPE else [n for n in names if not n.startswith("builtins.")]
    return next((BY_TYPE[name] for name in exact if name in BY_TYPE), None)


@lru_cache(maxsize=1)
def _plugins() -> dict[str, str]:
    from skylift_contract.discovery import MATERIALIZERS, find

    return {name: found[0].entry_point.value for name, found in find(MATERIALIZERS).items()}


@lru_cache(maxsize=64)
def by_name(name: str) -> BaseMaterializer:
    """Raises `MaterializationError`, with the fix, for one that is not installed here."""
    where = BUILTIN.get(name) or _plugins().get(name)
    if where is None:
        raise MaterializationError(
            f"no installed package brings the materializer {name!r}",
            who="artifact",
            fix="Install what it was written with.",
        )
    module, _, attribute = where.partition(":")
    return getattr(import_module(module), attribute)()
