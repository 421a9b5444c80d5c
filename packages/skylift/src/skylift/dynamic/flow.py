"""The function of a dynamic pipeline while it runs: its calls become steps, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift.authoring import signature, trace
from skylift.authoring.futures import MapFuture, Output, StepFuture
from skylift.authoring.signature import StepSignature
from skylift.dynamic.arguments import Fan, as_handles, check_own, crossed, numbered, zipped
from skylift.dynamic.calls import Call
from skylift.dynamic.engine import Engine, halts
from skylift.dynamic.script import Script
from skylift.ledger.calls import CallRecord, put_call, recorded
from skylift.runtime.active import ActiveRun, Outcome
from skylift.runtime.interrupts import StopRequested, raise_again, stopped_by, uninterrupted, wait_until
from skylift.runtime.outcomes import refused, written_outcome
from skylift_contract.enums import ExecutionMode, ExecutionStatus
from skylift_contract.errors import AuthoringError, ReplayDiverged, SkyliftError, StepFailed, StoreError
from skylift_contract.snapshot import Step, StepConfig, StepSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.authoring.steps import StepFunction
    from skylift.dynamic.compiling import CallCompiler


class Halted(BaseException):
    """Nothing more begins in this run; it ends the pipeline's function, whatever that catches."""


class Flow:
    """Takes the calls of one run; made, used and ended in one thread.

    Args:
        run: The run, open.
        compiler: Makes steps of calls.
        engine: Runs them.
        parent: The flow whose function called this pipeline, where one did.
        prefix: Before the names of its calls, where they are shown: `outer/`.
    """

    def __init__(
        self,
        run: ActiveRun,
        compiler: CallCompiler,
        engine: Engine,
        parent: Flow | None = None,
        prefix: str = "",
    ) -> None:
        self.run, self.compiler, self.engine = run, compiler, engine
        self.parent, self.prefix = parent, prefix
        self.mode = run.snapshot.pipeline_configuration.execution_mode
        self.calls: dict[str, Call] = {}
        self.broken_by: SkyliftError | None = None
        """Why no call can be noted any more, though the function may have caught it."""
        self._who = f"pipeline {run.snapshot.name!r}"
        self._ids, self._maps = trace.Ids(self._who), trace.Ids(self._who)
        script = recorded(run.ledger, run.id, run.snapshot)
        self._committed = run.committed(one.invocation_id for one in script)
        self._script = Script(run.snapshot.name, script, self._committed)
        self.last: tuple[str, ...] = ()
        """The synchronous call that succeeded last, which stands for all of them before it."""
        self._caught: list[str] = []
        self._halted_by: Call | None = None
        self._has_ended = self._is_over = False

    # What the pipeline's function does.

    def call(self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None) -> Any:
        with uninterrupted():
            name = self._ids.take(step.name, id)
            made = self._made(step, name, arguments, (*self._after(after, step.who), *self.last))
            if made.outcome is None:
                self.engine.run_now(made)
            self.finish(made)
            self.last = (made.name,)
            return made.given

    def submit(
        self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None
    ) -> StepFuture:
        with uninterrupted():
            name = self._ids.take(step.name, id)
            return self._submitted(step, name, arguments, self._after(after, step.who))

    def map(
        self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None
    ) -> MapFuture:
        check_own(arguments, self.calls, step.who)
        return self._fanned(step, zipped(arguments, step.who), after, id)

    def product(
        self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None
    ) -> MapFuture:
        check_own(arguments, self.calls, step.who)
        return self._fanned(step, crossed(arguments, step.who), after, id)

    def nest(self, pipeline: PipelineFunction, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        from skylift.dynamic.nested import nested

        self._check_open(pipeline.who)
        with uninterrupted():
            given = {name: as_handles(one) for name, one in pipeline.bind(args, dict(kwargs)).items()}
            check_own(given, self.calls, pipeline.who)
            return nested(self, pipeline, given)

    def take_id(self, name: str) -> str:
        return self._ids.take(name)

    def add_input(self, name: str, output: str, annotation: Any) -> Output:
        """An output that was there before: `snapshot.bindings` has it under this name."""
        step = Step(spec=StepSpec(invocation_id=name, source=""), config=StepConfig(name=name))
        signed = StepSignature({}, (signature.Output(output, annotation),), returns_many=False)
        call = self.calls[self._ids.take(name, name)] = Call(self, step, signed, ())
        call.was_there(Outcome(ExecutionStatus.CACHED))
        return call.outputs[0]

    def _fanned(self, step: StepFunction[Any], fan: Fan, after: Any, id: str | None) -> MapFuture:
        with uninterrupted():
            waits_for = (*self._after(after, step.who), *fan.sources)
            name = self._maps.take(step.name, id)
            made = MapFuture(
                self._submitted(step, self._ids.take(step.name, each), given, waits_for)
                for each, given in numbered(name, fan)
            )
            made.width = len(step.signature.outputs)
            return made

    def _submitted(
        self, step: StepFunction[Any], name: str, arguments: Mapping[str, Any], after: tuple[str, ...]
    ) -> StepFuture:
        made = self._made(step, name, arguments, after)
        made.is_submitted = True
        if made.outcome is None:
            self.engine.submit(made)
        return made.future

    def _after(self, after: Any, who: str) -> tuple[str, ...]:
        check_own({"after": after}, self.calls, who)
        names = trace.invocations_in(after, who)
        for name in names:
            if name not in self.calls:
                raise AuthoringError(f"`after` names {name!r}, which was not called before it", who=who)
        return names

    def _made(
        self, step: StepFunction[Any], name: str, arguments: Mapping[str, Any], after: tuple[str, ...]
    ) -> Call:
        """A call, noted in the run's record; closed already where it was made before."""
        self._check_open(step.who)
        given = {argument: as_handles(value) for argument, value in arguments.items()}
        check_own(given, self.calls, step.who)
        compiled = self.compiler.step(trace.Call(name, step, given, after))
        return self.noted(compiled, step.signature)

    def noted(self, step: Step, signed: StepSignature, sub_run: str | None = None) -> Call:
        """Note what was compiled, and compare it with what was called before."""
        try:
            before = self._script.follow(step)
            self._record(step, sub_run)
        except (ReplayDiverged, StoreError) as error:
            self.broken_by = error
            raise
        name, upstream = step.spec.invocation_id, step.spec.upstream_steps
        needed = tuple(self.calls[other] for other in upstream)
        call = self.calls[name] = Call(self, step, signed, needed, before)
        if name in self._committed and sub_run is None:
            self._take(call)
        elif before is not None and before.failure is not None:
            failed = written_outcome(self.run, name) or refused(self.run, name, before.failure)
            self.engine.close(call, failed)
        return call

    def _record(self, step: Step, sub_run: str | None) -> None:
        if step.spec.invocation_id in self.run.snapshot.bindings:
            return
        record = CallRecord(
            step=step, place=self._script.place - 1, caught=tuple(self._caught), sub_run=sub_run
        )
        put_call(self.run.ledger, self.run.id, record)
        self._caught.clear()

    def _take(self, call: Call) -> None:
        """What is bound was told of when the run was submitted; of a nested run nobody has heard."""
        bound = self.run.snapshot.bindings.get(call.name)
        said = f"from run {bound.run_id}" if bound else "committed before this process began"
        outcome = Outcome(ExecutionStatus.CACHED, said)
        if bound and self.parent is None:
            call.was_there(outcome)
        else:
            self.engine.close(call, outcome)

    def _check_open(self, who: str) -> None:
        if self._has_ended:
            raise AuthoringError(f"run {self.run.id} has ended", who=who, fix="Call it in the function.")
        if self.broken_by is not None:
            raise self.broken_by
        raise_again()
        if self.why_halted:
            raise Halted

    # What becomes of calls.

    def wait(self, call: Call) -> None:
        if self._has_ended and not call.closed.is_set():
            raise AuthoringError(f"run {self.run.id} has ended", who=f"step {call.name!r}")
        wait_until(call.closed.wait)

    def finish(self, call: Call) -> None:
        """Wait for a call, and raise what became of it unless it succeeded."""
        self.wait(call)
        outcome = call.outcome
        if outcome is None or outcome.status.is_successful:
            return
        if not self._has_ended:
            self._check_halted(outcome)
        for culprit in call.culprits():
            culprit.is_noticed = True
            self._caught.append(culprit.name)
        skipped = outcome.status is ExecutionStatus.SKIPPED
        reason = f"it was skipped: {outcome.reason}" if skipped else outcome.reason
        raise StepFailed(call.name, reason) from outcome.exception

    def _check_halted(self, outcome: Outcome) -> None:
        """End the function, whatever it catches, where the run is to end; a step that was stopped ends it."""
        raise_again()
        if outcome.status is ExecutionStatus.STOPPED and not self.why_halted:
            self.engine.stop(outcome.reason, graceful=False)
        if self.why_halted:
            raise Halted

    def noticed(self, call: Call) -> None:
        """A call has ended; called in the thread that it ran in."""
        if call.status is ExecutionStatus.FAILED and halts(self.mode) and call.is_submitted:
            self.halt(call)

    def halt(self, failed: Call) -> None:
        """Begin nothing more, for a call failed; in fail_fast end what runs."""
        self._halted_by = self._halted_by or failed
        if self.mode is ExecutionMode.FAIL_FAST:
            self.engine.interrupt(self.everything(), f"step {failed.name!r} failed")

    @property
    def why_halted(self) -> str:
        if self.engine.stop_reason:
            return self.engine.stop_reason
        if self._halted_by is not None:
            return f"step {self._halted_by.name!r} failed"
        if self._is_over:
            return "the pipeline's function failed"
        return self.parent.why_halted if self.parent else ""

    def everything(self) -> Iterator[Call]:
        """Its calls, and those of the pipelines that it called."""
        for call in list(self.calls.values()):
            yield call
            if call.flow_within is not None:
                yield from call.flow_within.everything()

    def function_ended(self) -> None:
        """Raise `ReplayDiverged` where it ended before a call that it had made."""
        try:
            if self.broken_by is None:
                self._script.end()
        except ReplayDiverged as error:
            self.broken_by = error
            raise

    def finish_rest(self) -> None:
        """Let what was submitted come to its end; what was told to stop, for as long as that may take."""
        try:
            if not (self.engine.is_forced or (self.why_halted and self.mode is ExecutionMode.FAIL_FAST)):
                self.engine.drain(call for call in self.calls.values() if not call.closed.is_set())
        except (KeyboardInterrupt, StopRequested) as error:
            self.engine.stop(stopped_by(error), graceful=False)
        finally:
            open_ones = [call for call in self.calls.values() if not call.closed.is_set()]
            if open_ones:
                self.engine.abandon(open_ones, self.why_halted)
            self._has_ended = True

    def raised(self) -> None:
        """The function ended with a failure: what that means for what was submitted is the mode's to say."""
        if halts(self.mode):
            self._is_over = True
            if self.mode is ExecutionMode.FAIL_FAST:
                self.engine.interrupt(self.everything(), "the pipeline's function failed")

    def unnoticed_failure(self) -> Call | None:
        """The first call that failed without the function having been told."""
        failed = (call for call in self.calls.values() if call.status is ExecutionStatus.FAILED)
        return self._halted_by or next((call for call in failed if not call.is_noticed), None)
