"""What is wrong is told of each by itself; `tests/cli/test_broken_components.py` shows it as people see it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from skylift.stacks.entries import Kind, read_entries
from skylift.stacks.flaws import flaw_of_stack, flaws_of

FILE = """
[orchestrator.fine]
flavor = "local"
[orchestrator.nameless]
[orchestrator.strange]
flavor = "nowhere"
[orchestrator.wrong]
flavor = "local"
max_parallelism = "many"
[artifact_store.placeless]
region = "x"
[stack.fine]
orchestrator = "fine"
artifact_store = "default"
[stack.flavored]
orchestrator = "local"
artifact_store = "default"
[stack.lost]
orchestrator = "gone"
artifact_store = "default"
[stack.broken]
orchestrator = "nameless"
artifact_store = "default"
[stack.half]
orchestrator = "fine"
"""
ENTRIES = read_entries(tomllib.loads(FILE), Path("/p/skylift.toml"))


def test_each_flaw_stands_by_itself() -> None:
    found = flaws_of(ENTRIES, Kind.ORCHESTRATOR)
    assert sorted(found) == ["nameless", "strange", "wrong"]
    assert found["nameless"].endswith('[orchestrator.nameless]: it names no flavor. Add: flavor = "local"')
    assert "'nowhere'" in found["strange"]
    assert found["wrong"].startswith("orchestrator 'wrong', ")
    assert list(flaws_of(ENTRIES, Kind.ARTIFACT_STORE)) == ["placeless"]


@pytest.mark.parametrize(
    ("stack", "ending"),
    [
        ("fine", ""),
        ("flavored", ""),
        ("lost", "stack update lost --orchestrator=NAME"),
        ("broken", '[orchestrator.nameless]: it names no flavor. Add: flavor = "local"'),
        ("half", "it has no artifact store. Give it one: skylift stack update half --artifact-store=NAME"),
    ],
)
def test_a_stack_is_as_good_as_its_parts(stack: str, ending: str) -> None:
    flaw = flaw_of_stack(ENTRIES, ENTRIES.stacks[stack])
    assert flaw.endswith(ending)
    assert bool(flaw) == bool(ending)
