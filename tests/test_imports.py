"""What an import may load: measured in a fresh interpreter, for an import rule cannot see a chain at run time."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import pytest

from workspace import ROOT

HEAVY: Final = frozenset({"pydantic", "obstore", "click", "rich", "numpy", "pandas", "polars", "pyarrow"})


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that are there after a statement, in an interpreter of its own."""
    program = f"{statement}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_an_import_of_pydantic_would_be_seen() -> None:
    assert "pydantic" in loaded_by("import skylift_contract.model")


@pytest.mark.parametrize(
    "statement", ["import skylift", "import skylift_contract", "import skylift_contract.errors"]
)
def test_a_light_import_stays_light(statement: str) -> None:
    assert loaded_by(statement) & HEAVY == set()


@pytest.mark.skipif(
    not any((ROOT / "packages/skylift/src/skylift").glob("authoring*")), reason="authoring is not written yet"
)
def test_authoring_needs_no_model() -> None:
    assert loaded_by("from skylift import pipeline, step") & HEAVY == set()
