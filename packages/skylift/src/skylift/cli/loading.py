"""From `FILE.py:pipeline` or `module:pipeline` to the pipeline.

A file is imported under its stem, with its folder first on `sys.path`: the name under which
the processes of its steps import it as well.
"""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skylift.authoring.imports import import_user_module
from skylift.authoring.pipelines import PipelineFunction
from skylift.authoring.sources import importable_stem
from skylift.cli.user_code import refusal
from skylift_contract.errors import AuthoringError, ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType


def load_pipeline(target: str) -> PipelineFunction:
    """The pipeline that a person names on a command line.

    Raises `ConfigurationError` for a file, module or pipeline that is not there, and
    `AuthoringError` for code that fails when it is imported.
    """
    place, colon, name = target.rpartition(":")
    place, name = (place, name) if colon else (name, "")
    if not place:
        fix = "Name one: pipeline.py, or pipeline.py:train."
        raise ConfigurationError("it names no file and no module", who="FILE.py", value=target, fix=fix)
    module = _import_file(Path(place)) if _is_file(place) else _import_module(place)
    return _choose(module, name, place)


def _is_file(place: str) -> bool:
    return place.endswith(".py") or os.sep in place or Path(place).is_file()


def _import_file(path: Path) -> ModuleType:
    _check_file(path)
    path = path.resolve()
    name = importable_stem(path)
    sys.path.insert(0, str(path.parent))
    module = _imported(name, str(path))
    found = getattr(module, "__file__", None)
    if found is None or not Path(found).samefile(path):
        raise ConfigurationError(
            f"the name {name!r} stands for {found or 'another module'}, so its steps could not import it",
            who=str(path),
            fix="Rename the file.",
        )
    return module


def _check_file(path: Path) -> None:
    who = str(path)
    if path.is_dir():
        raise ConfigurationError("it is a folder", who=who, fix=f"Name a file in it: {path / 'pipeline.py'}.")
    if not path.is_file():
        beside = [other.stem for other in path.parent.glob("*.py")] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.stem, beside, n=1)
        here = f"Looked in {path.parent.resolve()}."
        hint = f"Did you mean {str(path.with_name(f'{near[0]}.py'))!r}?" if near else here
        raise ConfigurationError("there is no such file", who=who, fix=hint)
    if path.suffix == ".ipynb":
        fix = "Move the pipeline and its steps to a module, which the notebook and this command import."
        raise ConfigurationError("it is a notebook, and runs in its kernel only", who=who, fix=fix)
    if path.suffix != ".py":
        raise ConfigurationError("it is no Python file", who=who, fix="Write the pipeline in a file FILE.py.")


def _import_module(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    return _imported(name, name)


def _imported(name: str, who: str) -> ModuleType:
    try:
        return import_user_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise ConfigurationError(
                f"there is no module named {error.name!r}",
                who=who,
                fix=f"Looked in {Path.cwd()} and in what is installed; a file is named with its suffix, .py.",
            ) from error
        raise refusal(error, who) from error
    except AuthoringError:
        raise
    except (Exception, SystemExit) as error:
        raise refusal(error, who) from error


def _choose(module: ModuleType, name: str, who: str) -> PipelineFunction:
    found = {key: value for key, value in vars(module).items() if isinstance(value, PipelineFunction)}
    if name:
        return _named(module, found, name, who)
    own = {key: value for key, value in found.items() if value.entrypoint.__module__ == module.__name__}
    different = {id(value): (key, value) for key, value in (own or found).items()}
    if not different:
        raise ConfigurationError("it holds no pipeline", who=who, fix="Decorate a function with @pipeline.")
    if len(different) > 1:
        names = [key for key, _ in different.values()]
        raise ConfigurationError(
            f"it holds {len(names)} pipelines: {', '.join(names)}", who=who, fix=f"Name one: {who}:{names[0]}"
        )
    return next(iter(different.values()))[1]


def _named(
    module: ModuleType, found: Mapping[str, PipelineFunction], name: str, who: str
) -> PipelineFunction:
    if name in found:
        return found[name]
    other: Any = getattr(module, name, None)
    if other is not None:
        kind = type(other).__name__.removesuffix("Function").lower()
        raise ConfigurationError(
            f"{name!r} is no pipeline but a {kind}",
            who=who,
            fix=f"Its pipelines: {', '.join(found)}." if found else "Decorate a function with @pipeline.",
        )
    raise UnknownName("pipeline", name, found, who=who)
