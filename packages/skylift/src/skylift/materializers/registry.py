"""Which materializer a value gets: by its type's full name, so no type is imported to be asked."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from skylift.materializers.base import BaseMaterializer
from skylift_contract.errors import DiscoveryError, MaterializationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.discovery import Found

_HERE: Final = "skylift.materializers"

BUILTIN: Final = {
    "json": f"{_HERE}.json_values:JsonMaterializer",
    "text": f"{_HERE}.texts:TextMaterializer",
    "bytes": f"{_HERE}.texts:BytesMaterializer",
    "path": f"{_HERE}.paths:PathMaterializer",
    "numpy": f"{_HERE}.arrays:NumpyMaterializer",
    "pandas": f"{_HERE}.frames:PandasMaterializer",
    "polars": f"{_HERE}.polars_frames:PolarsMaterializer",
    "arrow": f"{_HERE}.arrow_tables:ArrowMaterializer",
    "cloudpickle": f"{_HERE}.pickles:CloudpickleMaterializer",
}
"""Name → where it stands."""

LAST_RESORT: Final = "cloudpickle"

_NUMPY: Final = ("numpy", LAST_RESORT)
_PANDAS: Final = ("pandas", LAST_RESORT)
_POLARS: Final = ("polars", LAST_RESORT)
_ARROW: Final = ("arrow", LAST_RESORT)

BY_TYPE: Final = {
    "builtins.str": ("text", LAST_RESORT),
    "builtins.bytes": ("bytes",),
    "pathlib.Path": ("path",),
    "pathlib._local.Path": ("path",),  # Python 3.13's name for it
    "numpy.ndarray": _NUMPY,
    "numpy.generic": _NUMPY,
    "pandas.core.frame.DataFrame": _PANDAS,
    "pandas.core.series.Series": _PANDAS,
    "pandas.DataFrame": _PANDAS,  # pandas 3's names
    "pandas.Series": _PANDAS,
    "polars.dataframe.frame.DataFrame": _POLARS,
    "polars.series.series.Series": _POLARS,
    "polars.lazyframe.frame.LazyFrame": ("polars",),
    "pyarrow.lib.Table": _ARROW,
    "pyarrow.lib.RecordBatch": _ARROW,
}
"""Full name of a type → materializers to try, in order; subclasses have their base's."""


@lru_cache(maxsize=4096)
def candidates(kind: type) -> tuple[str, ...]:
    """Names to try, in order: a plugin's, the one for the type, else JSON; cloudpickle as the last resort."""
    names = [f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__]
    if claimed := next((name for name in names if name in plugins()), None):
        return claimed, LAST_RESORT
    # A subclass of str or bytes, such as an enum, is more than its text.
    asked = names[:1] if names[0] in BY_TYPE else [n for n in names if not n.startswith("builtins.")]
    return next((BY_TYPE[name] for name in asked if name in BY_TYPE), ("json", LAST_RESORT))


@lru_cache(maxsize=1)
def plugins() -> Mapping[str, tuple[Found, ...]]:
    """Full name of a type → who claims it; read once a process, from metadata alone."""
    from skylift_contract.discovery import MATERIALIZERS, find

    return find(MATERIALIZERS)


@lru_cache(maxsize=64)
def by_name(name: str) -> BaseMaterializer:
    """The materializer of that name.

    Raises `MaterializationError` for one that is not installed here, and `DiscoveryError`,
    naming the distribution, for a plugin that is broken or not the only one.
    """
    if where := BUILTIN.get(name):
        module, _, attribute = where.partition(":")
        return getattr(import_module(module), attribute)()
    claims = plugins().get(name)
    if claims is None:
        raise MaterializationError(
            f"no installed package brings the materializer {name!r}",
            fix="Install the one that the step which saved it had.",
        )
    return _load(_only(name, claims))


def _only(name: str, claims: tuple[Found, ...]) -> Found:
    first, *others = claims
    if others:
        owners = " and ".join(found.distribution for found in claims)
        raise DiscoveryError(
            f"{owners} both claim it", who=f"materializer of {name!r}", fix="Uninstall one of them."
        )
    return first


def _load(found: Found) -> BaseMaterializer:
    who = f"materializer of {found.name!r} in {found.distribution}"
    fix = f"Reinstall or uninstall {found.distribution.split()[0]}."
    try:
        made: Any = found.entry_point.load()()
    except Exception as error:
        raise DiscoveryError(
            f"it cannot be imported: {type(error).__name__}: {error}", who=who, fix=fix
        ) from error
    if not isinstance(made, BaseMaterializer):
        raise DiscoveryError(f"{found.entry_point.value} is no BaseMaterializer", who=who, fix=fix)
    return made
