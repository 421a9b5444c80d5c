"""Prove that an installed distribution works with what it asked for and nothing else.

    EMPTY_ENVIRONMENT/bin/python tools/installed.py skylift-contract

Imports each of its modules, loads each of its entry points, and looks for the files that
a wheel must bring. Standard library only: whatever else is there came with the wheel.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from importlib.metadata import Distribution, distribution
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_ALONE = frozenset({"__main__", "emulator"})
"""Modules that run when imported, or that need the extra of their name."""


def modules(name: str) -> Iterator[str]:
    """The import package and every module in it, but those that cannot stand alone."""
    package = importlib.import_module(name)
    yield name
    for found in pkgutil.walk_packages(package.__path__, f"{name}."):
        if stands_alone(found.name):
            yield found.name


def stands_alone(module: str) -> bool:
    return NOT_ALONE.isdisjoint(module.split("."))


def missing_files(installed: Distribution, module: str) -> list[str]:
    brought = [str(file) for file in installed.files or ()]
    wanted = [f"{module}/py.typed", "licenses/LICENSE"]
    return [file for file in wanted if not any(path.endswith(file) for path in brought)]


def prove(name: str) -> str:
    """Return one line that says what was proved; raises on the first thing that is not so."""
    installed = distribution(name)
    module = name.replace("-", "_")
    if missing := missing_files(installed, module):
        raise FileNotFoundError(f"the wheel of {name} lacks {', '.join(missing)}.")
    names = list(modules(module))
    for each in names:
        importlib.import_module(each)
    points = [point for point in installed.entry_points if stands_alone(point.module)]
    for point in points:
        point.load()
    return f"{name} {installed.version}: {len(names)} modules and {len(points)} entry points load"


if __name__ == "__main__":
    print(prove(sys.argv[1]))
