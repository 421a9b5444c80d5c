"""A pipeline that another's function calls: a run of its own, and a call of the outer one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from skylift.authoring.futures import MapFuture, Output, StepFuture
from skylift.authoring.handles import handles_within
from skylift.authoring.parameters import NotJson, to_json
from skylift.authoring.pipelines import PipelineFunction
from skylift.authoring.signature import StepSignature, resolve_hints
from skylift.authoring.sources import source_of
from skylift.compiler.pipeline import pipeline_configuration
from skylift.dynamic.compiling import CallCompiler, target_of_run
from skylift.dynamic.flow import Flow
from skylift.dynamic.resuming import Done, done_in
from skylift.ledger.records import EndRecord, ResultRecord, RunEndRecord, RunRecord
from skylift.runtime.active import ActiveRun, Outcome
from skylift.runtime.hooks import call_run_hook
from skylift.runtime.interrupts import take_back
from skylift.runtime.outcomes import claimed
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import AuthoringError
from skylift_contract.run_id import sub_run_id
from skylift_contract.snapshot import NESTED, Binding, InputSource, Step, StepConfig, StepSpec
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from skylift.dynamic.calls import Call
    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import StartRecord
    from skylift_contract.snapshot import ArtifactRef, PipelineConfiguration

INPUT: Final = "input:"
"""Before the name of a parameter that is given an output: who makes it, in the sub-run."""


_NO_OUTPUTS: Final = StepSignature({}, (), returns_many=False)


def nested(outer: Flow, pipeline: PipelineFunction, given: Mapping[str, Any]) -> Any:
    """Run a pipeline within another's run, and return what its function did, its outputs now the call's."""
    _check(pipeline)
    changes = outer.compiler.pipeline.options.steps  # a run's own: they go wherever its steps are
    options = replace(pipeline.options, dynamic=True, steps=changes)
    pipeline = PipelineFunction(pipeline.entrypoint, options)
    name = outer.take_id(pipeline.name)
    run_id = str(sub_run_id(UUID(outer.run.id), name))
    values = _values(pipeline, given)
    call = outer.noted(_step(outer, pipeline, name, given, values), _NO_OUTPUTS, run_id)
    returned = None
    with outer.engine.closing(call):
        if call.outcome is None and outer.engine.may_begin(call):
            run = _opened(outer, call, pipeline, values, given)
            returned = _played(outer, call, run, pipeline, given)
    outer.finish(call)
    outer.last = (name,)
    return returned


def _played(
    outer: Flow, call: Call, run: ActiveRun, pipeline: PipelineFunction, given: Mapping[str, Any]
) -> Any:
    from skylift.dynamic.orchestrate import play

    start = claimed(outer.run, call.name)
    compiler = CallCompiler(run, pipeline, outer.compiler.settings_class, outer.compiler.check)
    flow = call.flow_within = Flow(run, compiler, outer.engine, outer, f"{call.shown}/")
    end, returned = play(flow, pipeline, _taken_in(flow, given))
    if not outer.why_halted:
        take_back()  # it failed fast, and the outer one need not
    outer.broken_by = flow.broken_by
    given_back = _given_back(flow, call, returned, [])
    end = _with_returned(flow, call, end)
    standing = run.ledger.seal(run.id, end)
    call_run_hook(run, end, standing)
    _close(outer, call, flow, end, start)
    return given_back


def _check(pipeline: PipelineFunction) -> None:
    """Refuse what only the outermost pipeline has."""
    asked = ("schedule", "stack", "orchestrator", "max_concurrent_steps")
    if own := [name for name in asked if getattr(pipeline.options, name)]:
        raise AuthoringError(
            f"inside another pipeline its own {', '.join(own)} would be dropped",
            who=pipeline.who,
            fix="Move them to the outer pipeline.",
        )


def _values(pipeline: PipelineFunction, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are plain data; others go to the function as they are."""
    hints = resolve_hints(pipeline.entrypoint, pipeline.who)
    found: dict[str, Any] = {}
    for name, value in given.items():
        if next(handles_within(value), None) is None:
            with suppress(NotJson):
                found[name] = to_json(value, hints.get(name, Any), f"{pipeline.who}, parameter {name!r}")
    return found


def _outputs_in(value: Any) -> Iterator[Output]:
    items = cast("Iterable[Any]", value) if isinstance(value, list | tuple) else (value,)
    return (item for item in items if isinstance(item, Output))


def _step(
    outer: Flow, pipeline: PipelineFunction, name: str, given: Mapping[str, Any], values: Mapping[str, Any]
) -> Step:
    """The call, as a step of the outer run: what it is given, and nothing that it makes yet."""
    inputs = {
        parameter: tuple(InputSource(invocation=one.invocation, output=one.output) for one in found)
        for parameter, value in given.items()
        if (found := list(_outputs_in(value)))
    }
    upstream = dict.fromkeys([*(one.invocation for found in inputs.values() for one in found), *outer.last])
    return Step(
        spec=StepSpec(
            invocation_id=name,
            source=source_of(pipeline.entrypoint, pipeline.who),
            upstream_steps=tuple(upstream),
            inputs=dict(inputs),
        ),
        config=StepConfig(name=pipeline.name, parameters=dict(values), enable_cache=False, runtime=NESTED),
    )


def _opened(
    outer: Flow, call: Call, pipeline: PipelineFunction, values: Mapping[str, Any], given: Mapping[str, Any]
) -> ActiveRun:
    """The sub-run: the one that was begun before this process, or a new one."""
    ledger, above = outer.run.ledger, outer.run.record
    run_id = str(sub_run_id(UUID(above.run_id), call.name))
    if (record := ledger.run(run_id)) is not None:
        ledger.reopen(run_id)
        return ActiveRun(ledger, ledger.snapshot(record.snapshot), record)
    before = _before(ledger, call)
    snapshot = outer.run.snapshot.model_copy(
        update={
            "pipeline_configuration": _configuration(outer, pipeline, values),
            "bindings": {**before.bindings, **dict(_bindings(outer, given))},
            "replay": before.calls,
            "schedule": None,
        }
    )
    ledger.put_snapshot(snapshot)
    record = RunRecord(
        run_id=run_id,
        orchestrator_run_id=above.orchestrator_run_id,
        project=above.project,
        pipeline=snapshot.name,
        snapshot=snapshot.digest,
        flavor=above.flavor,
        is_signalled=above.is_signalled,
        parent=above.run_id,
    )
    return ActiveRun(ledger, snapshot, ledger.open_run(record))


def _configuration(
    outer: Flow, pipeline: PipelineFunction, values: Mapping[str, Any]
) -> PipelineConfiguration:
    """Its own, but for what is said of a whole run."""
    target = target_of_run(outer.run.snapshot, outer.compiler.settings_class)
    made = pipeline_configuration(pipeline, values, target)
    look = outer.run.snapshot.pipeline_configuration.step_defaults.look_in_cache
    defaults = made.step_defaults.model_copy(update={"look_in_cache": look})
    return made.model_copy(update={"step_defaults": defaults})


def _before(ledger: Ledger, call: Call) -> Done:
    """What the same call made in the run that is resumed."""
    former = call.before.sub_run if call.before else None
    record = ledger.run(former) if former else None
    return done_in(ledger, record.run_id, ledger.snapshot(record.snapshot)) if record else Done((), {})


def _bindings(outer: Flow, given: Mapping[str, Any]) -> Iterator[tuple[str, Binding]]:
    for parameter, value in given.items():
        for number, output in enumerate(_outputs_in(value)):
            output.call.finish()
            refs = outer.run.outputs_of(output.invocation) or {}
            yield (
                _input_name(parameter, number),
                Binding(
                    run_id=outer.run.id,
                    step_name=output.invocation,
                    outputs={output.output: refs[output.output]},
                    source=outer.calls[output.invocation].step.spec.source,
                ),
            )


def _input_name(parameter: str, number: int) -> str:
    return f"{INPUT}{parameter}:{number}"


def _taken_in(flow: Flow, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, where outputs of the outer run are inputs of this one."""
    found: dict[str, Any] = {}
    for parameter, value in given.items():
        inputs = [
            flow.add_input(_input_name(parameter, number), output.output, output.annotation)
            for number, output in enumerate(_outputs_in(value))
        ]
        if not inputs:
            found[parameter] = value
        else:
            found[parameter] = inputs[0] if isinstance(value, Output) else inputs
    return found


def _given_back(flow: Flow, call: Call, returned: Any, path: list[str]) -> Any:
    """What the function returned, where each output of its run becomes one of the call's."""
    if isinstance(returned, StepFuture):
        returned = returned.call.given
    if isinstance(returned, Output) and flow.calls.get(returned.invocation) is returned.call:
        name = "_".join(["output", *path])
        output = Output(call.name, name, returned.annotation, call=call)
        call.outputs = (*call.outputs, output)
        call.returned[name] = returned
        return output
    if isinstance(returned, list | tuple):
        items = cast("Iterable[Any]", returned)
        found = [_given_back(flow, call, item, [*path, str(number)]) for number, item in enumerate(items)]
        return found if isinstance(returned, list | MapFuture) else tuple(found)
    if isinstance(returned, dict):
        named = cast("dict[Any, Any]", returned)
        return {key: _given_back(flow, call, item, [*path, str(key)]) for key, item in named.items()}
    return returned


def _with_returned(flow: Flow, call: Call, end: RunEndRecord) -> RunEndRecord:
    """The end of a run that returned an output: without it, it is no completed one."""
    for output in call.returned.values():
        made = flow.calls[output.invocation]
        if end.status is ExecutionStatus.COMPLETED and made.status and not made.has_succeeded:
            reason = f"it returned an output of step {made.name!r}, which {made.status.value}"
            return RunEndRecord(status=ExecutionStatus.FAILED, reason=reason)
    return end


def _close(outer: Flow, call: Call, flow: Flow, end: RunEndRecord, start: StartRecord) -> None:
    """Record the sub-run's end as the call's."""
    ledger, run_id = outer.run.ledger, outer.run.id
    attempt, began = start.attempt, start.writer.time
    if end.status is ExecutionStatus.COMPLETED:
        outputs: dict[str, ArtifactRef] = {}
        for name, output in call.returned.items():
            refs = flow.run.outputs_of(output.invocation) or {}
            outputs[name] = refs[output.output]
        result = ResultRecord(invocation_id=call.name, attempt=attempt, outputs=outputs, started=began)
        ledger.commit(run_id, result)
    else:
        how = AttemptEnd.FAILED if end.status is ExecutionStatus.FAILED else AttemptEnd.STOPPED
        record = EndRecord(
            invocation_id=call.name, attempt=attempt, status=how, reason=end.reason, started=began
        )
        ledger.end_attempt(run_id, record)
    outer.engine.close(call, Outcome(end.status, end.reason, attempt))
