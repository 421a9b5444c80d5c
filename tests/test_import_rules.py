"""The import rules of pyproject.toml, on packages that break them: a rule that holds for everything says nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from workspace import ROOT

MODULES: Final = ("authoring", "cli", "compiler", "launch", "runtime", "store")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The two packages, with every layer there and nothing imported."""
    for package in ("skylift", "skylift_contract"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "skylift_contract" / "snapshot.py").touch()
    for module in MODULES:
        (tmp_path / "skylift" / f"{module}.py").touch()
    return tmp_path


def broken(sources: Path) -> list[str]:
    """The names of the rules that the sources break."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--config", ROOT / "pyproject.toml", "--no-cache"],
        env={**os.environ, "PYTHONPATH": str(sources), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts: " in done.stdout, done.stdout
    found = (
        line.partition(" BROKEN") for line in done.stdout.splitlines()
    )  # "BROKEN (1 ignored import)", too
    return [name for name, is_broken, _ in found if is_broken]


def test_imports_that_go_down_break_nothing(sources: Path) -> None:
    (sources / "skylift/cli.py").write_text("import click\nfrom skylift import launch\n")
    (sources / "skylift/launch.py").write_text("from skylift import compiler, store\n")
    (sources / "skylift/compiler.py").write_text("from skylift import authoring\n")
    (sources / "skylift/authoring.py").write_text("import skylift_contract\n")
    (sources / "skylift/store.py").write_text("import obstore\n")
    assert broken(sources) == []


@pytest.mark.parametrize(
    ("module", "statement", "rule"),
    [
        ("skylift/authoring.py", "import skylift.launch", "cli → launch → compiler → authoring → contract"),
        ("skylift/compiler.py", "import skylift.cli", "cli → launch → compiler → authoring → contract"),
        (
            "skylift/store.py",
            "import skylift.runtime",
            "local → coordination → runtime → ledger → store → contract",
        ),
        (
            "skylift_contract/__init__.py",
            "import rich",
            "the contract knows nothing of Skylift or its stores",
        ),
        (
            "skylift_contract/errors.py",  # which emulators import
            "import skylift_contract.snapshot",
            "emulators know the wire, and not the snapshot",
        ),
        ("skylift/launch.py", "import obstore", "only skylift.store imports obstore"),
        ("skylift/runtime.py", "import click", "click and rich stay where people are shown things"),
    ],
)
def test_an_import_against_the_direction_is_found(
    sources: Path, module: str, statement: str, rule: str
) -> None:
    (sources / module).write_text(f"{statement}\n")
    assert broken(sources) == [rule]


def test_a_chain_against_the_direction_is_found(sources: Path) -> None:
    (sources / "skylift/store.py").write_text("import skylift.tracing\n")
    (sources / "skylift/tracing.py").write_text("import skylift.runtime\n")
    assert broken(sources) == ["local → coordination → runtime → ledger → store → contract"]
