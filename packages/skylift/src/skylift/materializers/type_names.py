"""Annotations as plain data, so that an artifact's reader need not have its producer's.

    int                       "builtins:int"
    None, Any, ...            null, "typing:Any", "..."
    dict[str, list[Point]]    {"of": "builtins:dict", "arguments": ["builtins:str", …]}
    int | None                {"union": ["builtins:int", null]}
    Literal["a", Color.RED]   {"literal": ["a", {"of": "shop.colors:Color", "member": "RED"}]}

`Annotated` is stripped, and a `NewType` or alias stands for what it names.

Reading a name imports its module, which runs that module's top level as any import would. So
a record can cause no more than the import of a module that is installed or on `sys.path`
here; what is found must be a type, is only subscripted and handed to pydantic, and is
never called by us. Whoever may write to a store may run code in its readers all the same:
other artifacts are pickles.
"""

from __future__ import annotations

import sys
import types
import typing
from datetime import datetime, timezone
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NewType, Union, cast

from skylift.authoring.sources import INTERACTIVE, main_module
from skylift_contract.errors import AuthoringError, MaterializationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CONSUMED: Final = frozenset({"Iterator", "Iterable", "Generator", "AsyncIterator", "AsyncGenerator"})
"""Of `collections.abc`: writing such a value out would use it up."""


class Unnameable(Exception):
    """No other process could find the type by a name; the message says which."""


def encode(annotation: Any) -> Any:  # noqa: PLR0911 -- one branch per kind of annotation, flat
    """Plain JSON data for an annotation; raises `Unnameable`."""
    annotation = _stripped(annotation)
    if annotation is None or annotation is type(None):
        return None
    if annotation is Any:
        return "typing:Any"
    if annotation is ...:
        return "..."
    origin, arguments = _parts(annotation)
    if origin in (Union, types.UnionType):
        return {"union": [encode(argument) for argument in arguments]}
    if origin is Literal:
        return {"literal": [_encode_literal(value) for value in arguments]}
    if origin is None:
        return _name(annotation)
    if not arguments:
        return _name(origin)
    return {"of": _name(origin), "arguments": [encode(argument) for argument in arguments]}


def _stripped(annotation: Any) -> Any:
    while True:
        if typing.get_origin(annotation) is Annotated:
            annotation = typing.get_args(annotation)[0]
        elif isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":  # typing's own is of Python 3.12
            annotation = annotation.__value__
        else:
            return annotation


def _parts(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Origin and arguments; of a pydantic model with type parameters, too."""
    generic = getattr(annotation, "__pydantic_generic_metadata__", None)
    if isinstance(annotation, type) and generic and generic["origin"]:
        return generic["origin"], generic["args"]
    return typing.get_origin(annotation), typing.get_args(annotation)


def _encode_literal(value: Any) -> Any:
    if isinstance(value, Enum):
        return {"of": _name(type(value)), "member": value.name}
    if isinstance(value, bytes):
        raise Unnameable("bytes in a Literal")
    return value


def _name(kind: Any) -> str:
    """`module:qualname`, proved by finding the very same type under it."""
    module, qualname = getattr(kind, "__module__", ""), getattr(kind, "__qualname__", "")
    if not isinstance(kind, type) or "<" in qualname:
        raise Unnameable(f"{kind!r} cannot be imported by another process")
    if module == "collections.abc" and qualname in _CONSUMED:
        raise Unnameable(f"writing out a {qualname} would use it up")
    name = f"{_shared_name(module)}:{qualname}"
    if _member(sys.modules.get(module), qualname) is not kind:
        raise Unnameable(f"{name} is not the type of that name")
    return name


def _shared_name(module: str) -> str:
    """The module's name in other processes."""
    if module != "__main__":
        return module
    try:
        found = main_module()
    except AuthoringError as error:
        raise Unnameable(error.what) from error
    if found == INTERACTIVE:
        raise Unnameable("a type of a notebook or prompt cannot be imported by another process")
    return found


def decode(data: Any) -> Any:
    """`encode`'s inverse; raises `MaterializationError` for a type that is not to be had here."""
    if data is None or data == "...":
        return type(None) if data is None else ...
    if isinstance(data, str):
        return _WITHOUT_A_TYPE[data]() if data in _WITHOUT_A_TYPE else _found(data)
    return _decode_generic(cast("dict[str, Any]", data))


def _datetime() -> Any:
    """A datetime whose fixed offset is the standard library's, where pydantic has a class of its own."""
    from pydantic import AfterValidator

    return Annotated[datetime, AfterValidator(_with_standard_zone)]


def _with_standard_zone(value: datetime) -> datetime:
    offset = value.utcoffset()
    return value if offset is None else value.replace(tzinfo=timezone(offset))


_WITHOUT_A_TYPE: Final[Mapping[str, Callable[[], Any]]] = {
    "typing:Any": lambda: Any,
    "datetime:datetime": _datetime,
}


def _decode_generic(data: dict[str, Any]) -> Any:
    if "union" in data:
        return _union(data["union"])
    if "literal" in data:
        return Literal[tuple(_decode_literal(value) for value in data["literal"])]
    generic: Any = _found(data["of"])
    return generic[tuple(decode(argument) for argument in data["arguments"])]


def _union(members: list[Any]) -> Any:
    """As `X | Y`: to pydantic's generic models, `Union[X, Y]` would be another argument."""
    first, *others = map(decode, members)
    for other in others:
        first = first | other
    return first


def _decode_literal(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    named = cast("dict[str, str]", value)
    members: Any = _found(named["of"])
    if not issubclass(members, Enum) or named["member"] not in members.__members__:
        raise MaterializationError(f"{named['of']} has no member {named['member']!r}")
    return members[named["member"]]


def _found(name: str) -> type:
    module, _, qualname = name.partition(":")
    try:
        found = _member(_module(module), qualname)
    except ImportError as error:
        raise MaterializationError(
            f"its type {name} cannot be imported here: {error}",
            fix=f"Install the package of {module!r} or put its folder on sys.path.",
        ) from error
    if not isinstance(found, type):
        raise MaterializationError(
            f"there is no type {qualname!r} in {module} here",
            fix=f"Use the version of {module!r} that saved it, or keep the old name there.",
        )
    return found


def _module(name: str) -> types.ModuleType:
    """A script's types are the running ones, not those of a second import of it."""
    main = sys.modules["__main__"]
    try:
        is_main = name not in sys.modules and main_module() == name
    except AuthoringError:
        is_main = False
    return main if is_main else import_module(name)


def _member(module: Any, qualname: str) -> Any:
    found = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
        if not isinstance(found, type):
            return None
    return found
