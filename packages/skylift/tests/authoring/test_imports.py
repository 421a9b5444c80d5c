"""A module that is imported for its steps must not run its pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skylift.authoring.imports import import_user_module, under_way
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_tests_support.commands import Project

FLOW = """
from skylift import pipeline, step

@step(timeout=60)
def load() -> int:
    return 1

@pipeline
def daily() -> None:
    load()

{call}
"""


def test_a_call_at_the_top_level_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "calls_itself.py").write_text(FLOW.format(call="daily()"))
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(AuthoringError) as refused:
        import_user_module("calls_itself")
    assert str(refused.value) == (
        "pipeline 'daily': it is called while 'calls_itself' is imported, so every process that imports it "
        'would run it. Put the call below `if __name__ == "__main__":`.'
    )
    assert under_way() == ""


def test_a_worker_that_imports_such_a_script_says_so_and_starts_nothing(project: Project) -> None:
    """Else each worker would start the pipeline again, and that one's workers too."""
    import sys

    project.write("flow.py", FLOW.format(call="daily()"))
    answer = project.piped(sys.executable, "flow.py")
    assert answer.code == 1
    assert "it is called while 'flow' is imported" in answer.err
