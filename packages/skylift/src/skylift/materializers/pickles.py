"""The last resort: cloudpickle. Read by the same minor version of Python only.

Pickles hold byte code and the insides of libraries, which other versions of Python read
wrongly or not at all. Reading one runs what it says: whoever may write to a store may run
code in its readers.
"""

from __future__ import annotations

import io
import sys
from collections import ChainMap
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from skylift.materializers.base import IN_MEMORY, BaseMaterializer, NewFiles, StoredFiles
from skylift_contract.errors import MaterializationError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "value.pkl"
PROTOCOL: Final = 5
"""Fixed, so that the bytes do not depend on a newer Python's default."""

MINOR: Final = f"{sys.version_info.major}.{sys.version_info.minor}"

_WORDS: Final = "cannot pickle '"
"""How Python's own refusals start: `cannot pickle '_thread.lock' object`."""


class CloudpickleMaterializer(BaseMaterializer):
    """`value.pkl`; `details` say with which Python and cloudpickle."""

    def save(self, value: Any, annotation: Any, files: NewFiles) -> Mapping[str, Any]:  # noqa: ARG002
        cloudpickle: Any = import_module("cloudpickle")
        try:
            with files.open(NAME, IN_MEMORY + 1) as file:
                _pickler(file).dump(value)
        except Exception as error:  # objects bring their own code to be pickled with
            raise MaterializationError(_reason(error)) from error
        return {"python": MINOR, "cloudpickle": cloudpickle.__version__}

    def load(self, files: StoredFiles, details: Mapping[str, Any], annotation: Any) -> Any:  # noqa: ARG002
        import pickle

        if details["python"] != MINOR:
            raise MaterializationError(
                "it was pickled under another minor version of Python",
                value=details["python"],
                limit=MINOR,
                fix=f"Read it under Python {details['python']}, or have its step return other data.",
            )
        with files.open(NAME) as file:
            return pickle.load(file)  # noqa: S301 -- the module says who is trusted


def _pickler(file: Any) -> Any:
    """cloudpickle's, but for open files: it would store what is left to read in them."""
    cloudpickle: Any = import_module("cloudpickle")
    table = ChainMap({io.TextIOWrapper: _refuse_file}, cloudpickle.Pickler.dispatch_table)
    # The pickler looks for its table when it is made, and on its class.
    kind = type("Pickler", (cloudpickle.Pickler,), {"dispatch_table": table})
    return kind(file, protocol=PROTOCOL)


def _refuse_file(file: io.TextIOWrapper) -> Any:
    raise TypeError(f"{_WORDS}{type(file).__name__}' object")


def _reason(error: Exception) -> str:
    said = (str(error).splitlines() or [type(error).__name__])[0]
    if _WORDS in said:
        return f"it holds a live {said.partition(_WORDS)[2].removesuffix(' object')}".replace("'", "")
    return f"{type(error).__name__}: {said}"
