"""A step that dies before it can store a word: what its platform's log has of it reaches people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift_tests_support import index
from skylift_tests_support.shows import skylift
from skylift_tests_support.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

VANISHES: Final = """
from pathlib import Path

from skylift import pipeline, step
from skylift.config import DockerSettings


@step
def withdraws(wheel: str) -> int:
    Path(wheel).unlink()
    return 1


@step(settings={{"docker": DockerSettings(requirements=["own-top"])}})
def needs(value: int) -> None: ...


@pipeline
def vanishing() -> None:
    needs(withdraws({wheel!r}))
"""
SENTENCE: Final = "skylift: what the step needs could not be installed (exit code "


def check_what_could_not_be_installed(project: Path, flavor: str) -> None:
    """What a step needs is withdrawn from the index between its submission and its start."""
    wheels = project / "wheels"
    wheels.mkdir()
    make_wheel(wheels, "skylift", "0.1.0", module="placeholder_a")
    make_wheel(wheels, f"skylift-{flavor}", "0.1.0", module="placeholder_b")
    wheel = make_wheel(wheels, "own-top", "3.0")
    (project / "vanish.py").write_text(VANISHES.format(wheel=str(wheel)))
    with index.served(wheels) as url:
        skylift(project, "orchestrator", "update", flavor, f"--index={url}")
        skylift(project, "run", "vanish.py", "--no-cache", code=1)
    logs = skylift(project, "runs", "logs", "last", "needs")
    assert logs.stdout.splitlines()[-1].startswith(SENTENCE)
    note = f"note: nothing of step 'needs' is stored; this is from the log that {flavor} keeps\n"
    assert logs.stderr == note
    why = skylift(project, "runs", "why", "last").stdout.splitlines()
    assert [line for line in why if line.startswith("step 'needs' failed: ")]
    assert why[why.index("  the last it printed:") + 1 :][: len(logs.stdout.splitlines())] == [
        f"  | {line}" for line in logs.stdout.splitlines()
    ]
    assert not [line for line in why if "memory" in line]
