"""Naming a function so that another process can import it: `module:qualname`.

Functions of this process are remembered, so that what runs in it runs the very object a
breakpoint was set in, even when it stands in a script or a notebook.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from skylift.authoring.imports import import_user_module
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator

INTERACTIVE: Final = "__main__"
"""The module of a function that only this process has: a notebook's or a prompt's."""

_LIVE: dict[str, Callable[..., Any]] = {}


def source_of(function: Callable[..., Any], who: str) -> str:
    """`module:qualname`, and remember the function under it.

    Raises `AuthoringError` for one that another process could not import.
    """
    qualname = getattr(function, "__qualname__", "")
    if not qualname or "<" in qualname:
        raise AuthoringError(
            "it is defined inside a function, where no other process can import it",
            who=who,
            value=qualname or repr(function),
            fix="Define it at the top level of a module.",
        )
    module = function.__module__
    source = f"{main_module() if module == '__main__' else module}:{qualname}"
    _check_reachable(function, module, qualname, who)
    _LIVE[source] = function
    return source


def check_importable(source: str, who: str, why: str, fix: str) -> None:
    """Raise `AuthoringError` for a function that another process would have to import, and cannot.

    `why`: what other process that is. `fix`: how to do without one.
    """
    if source.startswith(f"{INTERACTIVE}:"):
        place, holder = _where_people_type()
        raise AuthoringError(
            f"it is defined {place}: it exists in this process only, and {why}",
            who=who,
            fix=f"Move it to a module that {holder} imports, or {fix}.",
        )


def _where_people_type() -> tuple[str, str]:
    if is_notebook():
        return "in a notebook", "the notebook"
    if hasattr(sys, "ps1") or "IPython" in sys.modules:
        return "at an interactive prompt", "this session"
    return "in a program that is no file", "the program"


def is_notebook() -> bool:
    """Whether this process runs the cells of a notebook: what it prints goes to a page."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


def _check_reachable(function: Callable[..., Any], module: str, qualname: str, who: str) -> None:
    found = _member(sys.modules.get(module), qualname)
    if found is None or unwrapped(found) is function:
        return
    if module == "__main__" and main_module() == INTERACTIVE:
        raise AuthoringError(
            f"{qualname!r} has been defined anew since this was made of it, and the last definition counts",
            who=who,
            fix="Run the cell again that makes this of it; or give each its own name.",
        )
    raise AuthoringError(
        f"{module}:{qualname} is another function by now, so a process that imports it would run that one",
        who=who,
        fix="Give each its own name.",
    )


def main_module() -> str:
    """The name under which the program's own script can be imported."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return spec.name
    path = getattr(main, "__file__", None)
    if path is None or not Path(path).is_file():
        return INTERACTIVE
    return importable_stem(Path(path))


def importable_stem(path: Path) -> str:
    """The name under which a file is imported from its own folder; raises `AuthoringError` for none."""
    if path.stem in sys.stdlib_module_names or "." in path.stem:
        raise AuthoringError(
            "a script of this name cannot be imported by the processes of its steps",
            who=str(path),
            fix="Rename it: neither the name of a standard module nor a dot.",
        )
    return path.stem


def load(source: str) -> Callable[..., Any]:
    """The function of a source: the remembered one, else imported.

    Raises `AuthoringError` when the module or the function is not there.
    """
    if live := _LIVE.get(source):
        return live
    module, _, qualname = source.partition(":")
    if module == INTERACTIVE:
        raise AuthoringError(
            "it was defined in a notebook or at a prompt, and exists in that process only",
            who=source,
            fix="Move it to a module.",
        )
    try:
        found = _member(import_user_module(module), qualname)
    except ModuleNotFoundError as error:
        raise AuthoringError(
            f"it cannot be imported: {error}",
            who=source,
            fix="Add the package to the step's image, or the file to the project.",
        ) from error
    if found is None:
        raise AuthoringError(f"there is no {qualname!r} in {module}", who=source)
    return unwrapped(found)


def is_live(source: str) -> bool:
    """Whether this process itself has defined the function of a source."""
    return source in _LIVE


@contextmanager
def forgotten(packages: Collection[str]) -> Generator[None]:
    """For a while, have everything below these top-level modules imported anew; then all is as before."""
    modules = {name: module for name, module in sys.modules.items() if _top(name) in packages}
    live = {source: function for source, function in _LIVE.items() if _top(source) in packages}
    for name in modules:
        del sys.modules[name]
    for source in live:
        del _LIVE[source]
    try:
        yield
    finally:
        for name in [name for name in sys.modules if _top(name) in packages]:
            del sys.modules[name]
        sys.modules.update(modules)
        _LIVE.update(live)


def _top(name: str) -> str:
    """Of a module's name, or of a source."""
    return name.partition(":")[0].partition(".")[0]


def unwrapped(found: Any) -> Callable[..., Any]:
    """The plain function behind a decorated step or pipeline."""
    return getattr(found, "entrypoint", found)


def _member(module: Any, qualname: str) -> Any:
    found = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found
