"""What a flavor makes of the corpus, as its launch would ask for it; also in a process of its own.

python -m skylift_testkit.compiling FLAVOR OPTIONS NAME…
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skylift.launch.environments import base_environment, step_environments
from skylift.launch.plan import plan
from skylift_contract.canonical import digest
from skylift_testkit.corpus import CORPUS, PARAMETERS
from skylift_testkit.made import made

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.launch.plan import Plan
    from skylift_contract.orchestrator import BaseOrchestrator
    from skylift_contract.snapshot import PipelineSnapshot

MASK = b"<digest>"
SHORTEST = 12


@dataclass(frozen=True, slots=True)
class Compiling:
    """A plan, and what its orchestrator makes of its snapshot or of one that differs."""

    plan: Plan

    @property
    def snapshot(self) -> PipelineSnapshot:
        return self.plan.snapshot

    def documents(self, snapshot: PipelineSnapshot | None = None) -> dict[str, bytes]:
        """Name → bytes; raises what the orchestrator raises."""
        stack, snapshot = self.plan.stack, snapshot or self.snapshot
        base = base_environment(self.plan, None)
        steps = step_environments(snapshot, base)
        return dict(stack.orchestrator.compile_pipeline(snapshot, stack, base, steps).documents)

    def masked(self, snapshot: PipelineSnapshot | None = None) -> dict[str, bytes]:
        """The same, where the snapshot's digest, whole or its first characters, is one word."""
        found = self.documents(snapshot)
        whole = (snapshot or self.snapshot).digest.encode()
        for length in (len(whole), 40, 32, 16, SHORTEST):
            found = {name: content.replace(whole[:length], MASK) for name, content in found.items()}
        return found


def compiling(
    orchestrator: BaseOrchestrator, pipeline: PipelineFunction, parameters: Mapping[str, Any] | None = None
) -> Compiling:
    """Raises what launching would raise before it makes anything."""
    asked = pipeline.with_options(orchestrator=orchestrator)
    return Compiling(plan(asked, asked.bind((), dict(parameters or {}))))


def compiling_corpus(orchestrator: BaseOrchestrator, name: str) -> Compiling:
    return compiling(orchestrator, CORPUS[name], PARAMETERS.get(name))


def main(flavor: str, options: str, *names: str) -> int:
    """Print, as JSON, the digest of each document of each of these pipelines."""
    orchestrator = made(flavor, options)
    found = {
        name: {
            file: digest(content)
            for file, content in compiling_corpus(orchestrator, name).documents().items()
        }
        for name in names
    }
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
