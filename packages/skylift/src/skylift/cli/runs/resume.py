"""`skylift runs resume`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from skylift.cli import complete, documents, stdout
from skylift.cli.commands import check_place, command, output_option, store_option
from skylift.cli.planning import capability
from skylift.cli.runs import run_argument
from skylift.client import Client
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skylift.launch.plan import Plan
    from skylift.launch.resume import Where
    from skylift.models import PipelineRun


@command(
    "resume",
    short_help="Do what a run has left.",
    examples=(
        "skylift runs resume last",
        "skylift runs resume 3f9ad2c1 pipeline.py:train",
        "skylift runs resume 3f9ad2c1 pipeline.py:train --param depth=8",
        "skylift runs resume last --output json",
    ),
)
@run_argument()
@click.argument("file", metavar="[FILE.py[:PIPELINE]]", required=False, shell_complete=complete.pipelines)
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", help="In place of the run's own; with FILE.py."
)
@click.option("--stack", metavar="NAME", help="Use this stack.", shell_complete=complete.stacks)
@click.option(
    "--orchestrator",
    metavar="NAME",
    help="Use this orchestrator.",
    shell_complete=complete.registered("orchestrator"),
)
@store_option("The run is in this artifact store: a name or a URI.")
@click.option(
    "--allow-degraded",
    "degraded",
    multiple=True,
    metavar="CAPABILITY",
    help="Do without something that the flavor refuses; it is noted.",
)
@click.option("--no-wait", is_flag=True, help="Return when the run is submitted; its id goes to stdout.")
@output_option()
def resume(
    *,
    run: str,
    file: str | None,
    params: Sequence[str],
    stack: str | None,
    orchestrator: str | None,
    store: str | None,
    degraded: Sequence[str],
    no_wait: bool,
    output: str,
) -> int:
    """Do what a run that failed or was stopped has left, as a new run.

    What the run has committed is taken as it is; the rest runs with the run's own source and
    parameters, on its stack. With FILE.py the rest runs as that file has it today, and so does
    what is not the same there; what runs anew although it was done is said, with the reason. The
    function of a dynamic pipeline calls the same as before, up to the last call that came to something.
    Exit codes and JSON are those of `skylift run`; the document is of the new run, or of the
    run itself where it has nothing left.
    """
    from skylift.launch.resume import Where

    if params and file is None:
        raise ConfigurationError(
            "the source that the run was made of goes with the run's own parameters",
            who="--param",
            fix=f"Name the file, too: skylift runs resume {run} FILE.py --param …",
        )
    check_place(store or "")
    where = Where(stack, orchestrator, tuple(map(capability, degraded)))
    with stdout.for_the_answer(output):
        found = Client(store or _store_of(stack)).run(run)
        return _Asked(found, file, params, where, output).resume(wait=not no_wait)


def _store_of(stack: str | None) -> str | None:
    from skylift.stacks.build import store_of_stack

    return None if stack is None else store_of_stack(stack)


@dataclass(frozen=True, slots=True)
class _Asked:
    run: PipelineRun
    file: str | None
    params: Sequence[str]
    where: Where
    output: str

    def resume(self, *, wait: bool) -> int:
        """The exit code."""
        from skylift.cli.answers import document_of, observer_beside
        from skylift.cli.run import submit
        from skylift.launch.ended import ended, has_nothing_left
        from skylift.launch.recorded import code_of
        from skylift.ledger.labels import Labels

        observer = observer_beside(self.output)
        status = ended(self.run, observer)
        if self.file is None and has_nothing_left(self.run, status, observer):
            if self.output == "json":
                documents.write(document_of(self.run, self.run.ledger))
            return 0
        planned = self._plan()
        with code_of(planned, self.run.ledger):
            return submit(planned, Labels(), self.output, wait=wait)

    def _plan(self) -> Plan:
        from skylift.launch.resume import plan_recorded

        return plan_recorded(self.run, self.where) if self.file is None else self._plan_of(self.file)

    def _plan_of(self, file: str) -> Plan:
        from skylift.cli.loading import load_pipeline
        from skylift.cli.parameters import arguments_of
        from skylift.cli.user_code import explained
        from skylift.launch.resume import check_same, plan_mended, recorded_parameters

        pipeline = load_pipeline(file)
        check_same(self.run, pipeline)
        given = {text.partition("=")[0].strip() for text in self.params}
        own = recorded_parameters(self.run, pipeline, given)
        # A variable that is set here says nothing of a run that was made elsewhere, or before.
        arguments = arguments_of(pipeline, self.params, own, environment={})
        with explained(pipeline.who):
            return plan_mended(self.run, pipeline, arguments.values, self.where)
