"""The source of a function that stands in no file: a notebook's, or a prompt's.

There a step uses what other cells have made. So its text is not all: what it and its
functions refer to counts too, and what cannot be compared makes the whole incomparable.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, cast

from skylift_contract.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


BY_ANY_NAME: Final = frozenset({"eval", "exec", "globals", "vars", "__import__"})
"""What they reach is in no text."""


class NotReadable(Exception):
    """Something that a function refers to has no text that could be compared."""


@dataclass(slots=True)
class SourceText:
    """`texts`: name → source or JSON of what stands in no file; `modules`: what else is referred to."""

    texts: dict[str, str] = field(default_factory=dict[str, str])
    modules: set[str] = field(default_factory=set[str])


def source_text(function: Any) -> SourceText:
    """Raises `NotReadable`, for a prompt that keeps no text, or a global that is no plain data."""
    found = SourceText()
    _add(function.__qualname__, function, found)
    return found


def _add(name: str, value: Any, found: SourceText) -> None:
    value = getattr(value, "entrypoint", value)  # a decorated step or pipeline is its function
    if isinstance(value, ModuleType):
        found.modules.add(value.__name__)
    elif name in found.texts:
        return
    elif isinstance(value, FunctionType | type):
        _add_definition(name, cast("Any", value), found)
    else:
        found.texts[name] = _data(name, value)


def _add_definition(name: str, value: Any, found: SourceText) -> None:
    if value.__module__ != "__main__":
        found.modules.add(value.__module__)
        return
    try:
        text = inspect.getsource(value)
        tree = ast.parse(textwrap.dedent(text))
    except (OSError, TypeError, SyntaxError) as error:
        raise NotReadable(name) from error
    if _reaches_by_any_name(tree):
        raise NotReadable(name)
    found.texts[name] = text
    for function in _functions(name, value):
        for used in sorted(set(names_in(function.__code__)) & function.__globals__.keys()):
            _add(used, function.__globals__[used], found)


def _reaches_by_any_name(tree: ast.AST) -> bool:
    """Whether it uses what finds others by names made up while it runs; `getattr(x, "name")` does not."""
    nodes = list(ast.walk(tree))
    spelled = {
        id(node.func)
        for node in nodes
        if isinstance(node, ast.Call) and len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
    }
    return any(
        node.id in BY_ANY_NAME or (node.id == "getattr" and id(node) not in spelled)
        for node in nodes
        if isinstance(node, ast.Name)
    )


def _functions(name: str, value: Any) -> Iterator[FunctionType]:
    """A function itself, or those of a class."""
    if isinstance(value, FunctionType):
        if value.__closure__:  # a decorator's wrapper: what it wraps may be anything
            raise NotReadable(name)
        yield value
        return
    for member in cast("Mapping[str, Any]", vars(value)).values():
        function = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
        if isinstance(function, FunctionType):
            yield function


def names_in(code: CodeType) -> Iterator[str]:
    """Globals, attributes and modules that it names, its inner functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def _data(name: str, value: Any) -> str:
    try:
        return canonical_json(value).decode()
    except (TypeError, ValueError) as error:
        raise NotReadable(name) from error
