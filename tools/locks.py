"""The locks: one requirements file with hashes per environment, and how each is made.

The path of a lock says its environment: `locks/skylift.txt` is that of the package
`skylift` with its tests, `locks/skylift-lowest.txt` the same with every direct
requirement at its lower bound. No lock names an index, so none ties the project to one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from workspace import ROOT, Package, distribution, packages

LOCKS: Final = Path("locks")
GROUPS: Final = ("tools", "lint", "types")
"""Groups of the root pyproject that have an environment of their own."""

SDK: Final = "sdk"
"""The extra of a plugin that brings its platform's own SDK, where that is not needed to run."""

LOWEST: Final = ("--resolution", "lowest-direct")
COMPILE: Final = (
    *("uv", "pip", "compile", "--no-config", "--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate"),
)


def lock_inputs(root: Path = ROOT) -> dict[str, list[str]]:
    """For each lock's name, the arguments for `COMPILE` that say what it holds."""
    known = packages(root)
    inputs = {group: ["--group", f"pyproject.toml:{group}"] for group in GROUPS}
    for package in known.values():
        inputs[package.short] = _package(package)
        inputs[f"{package.short}-lowest"] = [*_package(package), *LOWEST]
        for group in package.data.get("dependency-groups", {}).keys() - {"test"}:
            own = f"{package.path}/pyproject.toml:{group}"
            inputs[f"{package.short}-{group}"] = [*_package(package), "--group", own]
        if SDK in package.data["project"].get("optional-dependencies", {}):
            inputs[f"{package.short}-sdk"] = [*_package(package), "--extra", SDK]
            inputs[f"{package.short}-sdk-lowest"] = [*_package(package), "--extra", SDK, *LOWEST]
    inputs["across"] = ["--group", "pyproject.toml:across"]
    for package in known.values():
        inputs["across"] += _package(package)
    for requirements in sorted(root.glob("examples/*/requirements.txt")):
        example = requirements.parent.relative_to(root)
        inputs[f"example-{example.name}"] = ["packages/skylift/pyproject.toml", f"{example}/requirements.txt"]
    return {name: [*arguments, *_ours(known)] for name, arguments in inputs.items()}


def locked(lock: Path) -> dict[str, set[str]]:
    """The versions a lock pins, by normalized name: more than one where Pythons differ."""
    pins: dict[str, set[str]] = {}
    for line in lock.read_text().splitlines():
        name, found, rest = line.partition("==")
        if found and not line.startswith((" ", "#")):
            pins.setdefault(distribution(name), set()).add(rest.split()[0])
    return pins


def _package(package: Package) -> list[str]:
    file = f"{package.path}/pyproject.toml"
    return [file, "--group", f"{file}:test"] if "dependency-groups" in package.data else [file]


def _ours(known: dict[str, Package]) -> list[str]:
    """The workspace is installed from its folders, so no lock holds any of it."""
    return [part for name in known for part in ("--no-emit-package", name)]
