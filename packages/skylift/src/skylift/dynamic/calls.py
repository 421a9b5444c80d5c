"""One call of a step in a run that goes on."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from skylift import artifacts
from skylift.authoring.futures import Output, StepFuture
from skylift.authoring.handles import OutputHandles
from skylift.runtime.interrupts import interrupt
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import DamagedObject

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from skylift.authoring.signature import StepSignature
    from skylift.dynamic.flow import Flow
    from skylift.runtime.active import Outcome
    from skylift_contract.snapshot import ArtifactRef, RecordedCall, Step


class Call:
    """Open until it is closed with an outcome, once.

    Args:
        flow: The run it is of.
        step: As it was compiled.
        signature: Of its function.
        upstream: What must have ended before it starts.
        before: What was recorded of it, where its function had called it before.
    """

    def __init__(
        self,
        flow: Flow,
        step: Step,
        signature: StepSignature,
        upstream: tuple[Call, ...],
        before: RecordedCall | None = None,
    ) -> None:
        self.flow, self.step, self.upstream, self.before = flow, step, upstream, before
        self.name = step.spec.invocation_id
        self.returns_many = signature.returns_many
        self.outputs = tuple(
            Output(self.name, out.name, out.annotation, call=self) for out in signature.outputs
        )
        self.future = StepFuture(self.name, self)
        self.outcome: Outcome | None = None
        self.is_submitted = False
        """Whether the pipeline's function went on while it ran."""
        self.is_noticed = False
        """Whether the pipeline's function was told that it failed."""
        self.flow_within: Flow | None = None
        """Of a nested pipeline: its own."""
        self.returned: dict[str, Output] = {}
        """Of a nested pipeline: the outputs that its function returned, by the names that they have here."""
        self.dependents: list[Call] = []
        self.missing = 0
        self.closed = threading.Event()
        self.thread: threading.Thread | None = None
        """Where its step's code runs."""
        self._stop: Callable[[], object] | None = None

    @property
    def shown(self) -> str:
        """Its id, after those of the nested pipelines that it is in."""
        return f"{self.flow.prefix}{self.name}"

    @property
    def given(self) -> Any:
        """What the pipeline's function is given for it."""
        if not self.outputs:
            return None
        return OutputHandles(self.outputs) if self.returns_many else self.outputs[0]

    def was_there(self, outcome: Outcome) -> None:
        """Close it as it was found: nothing happens that is to be told."""
        self.outcome = outcome
        self.closed.set()

    @property
    def status(self) -> ExecutionStatus | None:
        return self.outcome.status if self.outcome else None

    @property
    def has_succeeded(self) -> bool:
        return self.outcome is not None and self.outcome.status.is_successful

    def culprits(self) -> Iterable[Call]:
        """Itself, and those for whose failure it was skipped, each once."""
        found: dict[Call, None] = {}
        unseen: list[Call] = [self]
        while unseen:
            call = unseen.pop()
            if call not in found:
                found[call] = None
                unseen.extend(one for one in call.upstream if not one.has_succeeded)
        return found

    @property
    def culprit(self) -> Call:
        """Itself; where it was skipped, the first for whose failure it was."""
        failed = {call.name for call in self.culprits() if call.status is ExecutionStatus.FAILED}
        return next((call for name, call in self.flow.calls.items() if name in failed), self)

    @property
    def reason(self) -> str:
        return self.outcome.reason if self.outcome else ""

    @contextmanager
    def stopped_by(self, stop: Callable[[], object]) -> Generator[None]:
        """Have a stop do this, while its step runs in another process."""
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None

    def interrupt(self, why: str) -> None:
        """End its step's code, wherever it runs."""
        if (stop := self._stop) is not None:
            stop()
        elif self.thread is not None:
            interrupt(self.thread, why)

    def wait(self) -> None:
        self.flow.wait(self)

    def finish(self) -> None:
        """Wait; raise what became of it, unless it succeeded."""
        self.flow.finish(self)

    def load(self, output: str) -> Any:
        self.finish()
        who = f"run {self.flow.run.id}, step {self.name!r}, output {output!r}"
        refs: Mapping[str, ArtifactRef] = self.flow.run.outputs_of(self.name) or {}
        if output not in refs:
            raise DamagedObject("it was not committed", who=who, fix="Run the step that makes it first.")
        annotation = next(one.annotation for one in self.outputs if one.output == output)
        return artifacts.load(self.flow.run.ledger.store, refs[output], annotation, who)
