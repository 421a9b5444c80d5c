"""`skylift run`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skylift.cli import stdout
from skylift.cli.commands import command, store_option
from skylift.cli.loading import load_pipeline
from skylift.cli.parameters import arguments_of
from skylift.cli.user_code import explained
from skylift_contract.capability import Capability
from skylift_contract.errors import ConfigurationError, RunFailed, RunStopped, UnknownName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.cli.config_file import RunConfig
    from skylift.launch.plan import Plan
    from skylift.models import PipelineRun

CONFIG_HELP = "YAML, TOML or JSON with the keys `parameters` and `settings`."


@command(
    "run",
    short_help="Run a pipeline, or deploy its schedule.",
    examples=(
        "skylift run pipeline.py",
        "skylift run pipeline.py:train --param depth=8 --param 'sizes=[1, 2]'",
        "skylift run project.flows:train --config nightly.yaml --now",
    ),
)
@click.argument("target", metavar="FILE.py[:PIPELINE]")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the pipeline.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help=CONFIG_HELP)
@click.option("--stack", metavar="NAME", help="Run on this stack.")
@click.option("--orchestrator", metavar="NAME", help="Run on this orchestrator.")
@store_option()
@click.option("--now", is_flag=True, help="Run once, now, whatever the pipeline's schedule.")
@click.option("--no-cache", is_flag=True, help="Run every step, and store nothing for later runs to take.")
@click.option("--no-wait", is_flag=True, help="Return when the run is submitted; its id goes to stdout.")
@click.option(
    "--allow-degraded",
    multiple=True,
    metavar="CAPABILITY",
    help="Run without something that the flavor refuses; it is noted on the run.",
)
def run(
    *,
    target: str,
    params: Sequence[str],
    config: Path | None,
    stack: str | None,
    orchestrator: str | None,
    store: str | None,
    now: bool,
    no_cache: bool,
    no_wait: bool,
    allow_degraded: Sequence[str],
) -> int:
    """Run a pipeline, or deploy its schedule.

    PIPELINE may be left out where the file holds one only; `module:PIPELINE` works too.
    Values are read as the parameter's annotation says: plain text, numbers, JSON for lists.
    How the run goes is shown on stderr; the exit code is 0 for a run that completed, 1 for
    one that failed, 130 for one that was stopped.
    """
    degraded = [_capability(name) for name in allow_degraded]
    pipeline = load_pipeline(target)
    configured = _configured(config)
    pipeline = _chosen(pipeline, configured, {"stack": stack, "orchestrator": orchestrator})
    pipeline = pipeline.with_options(schedule=None) if now else pipeline
    arguments = arguments_of(pipeline, params, configured.parameters)
    from skylift.launch.plan import plan

    with explained(pipeline.who):
        planned = plan(pipeline, arguments, degraded, store)
    if no_cache:
        from skylift.launch.cached import without_cache

        planned = replace(planned, snapshot=without_cache(planned.snapshot))
    return _submit(planned, wait=not no_wait)


def _submit(planned: Plan, *, wait: bool) -> int:
    """The exit code."""
    from skylift.console import default_observer
    from skylift.launch.submit import Submission, raise_unless_completed
    from skylift.models import PipelineRun

    orchestrator = planned.stack.orchestrator
    if not wait and orchestrator.config.is_synchronous:
        raise ConfigurationError(
            f"orchestrator {orchestrator.name!r} runs in this process, which has to stay for it",
            who="--no-wait",
            fix="Leave it out.",
        )
    made = Submission(planned, default_observer(), wait=wait).submit()
    if not isinstance(made, PipelineRun):
        return 0
    if not wait:
        _tell(made)
    try:
        raise_unless_completed(made)
    except (RunFailed, RunStopped) as error:
        return error.exit_code  # the summary has said why, and what to do next
    return 0


def _tell(run: PipelineRun) -> None:
    """The id of a run that goes on without this process; of its submission, while it has none."""
    if run.id is not None:
        stdout.write(f"{run.id}\n")
        return
    stdout.write(f"{run.submission_id}\n")
    click.echo(
        f"that is the submission's id, for {run.flavor} has not said the run's yet\n"
        f"next: skylift runs watch {run.submission_id}",
        err=True,
    )


def _capability(name: str) -> Capability:
    try:
        return Capability(name)
    except ValueError:
        known = [capability.value for capability in Capability]
        raise UnknownName("capability", name, known, who="--allow-degraded") from None


def _configured(config: Path | None) -> RunConfig:
    from skylift.cli.config_file import RunConfig, read_config

    return read_config(config) if config else RunConfig()


def _chosen(
    pipeline: PipelineFunction, configured: RunConfig, places: dict[str, str | None]
) -> PipelineFunction:
    """The pipeline with the command's own options; settings are merged field by field."""
    options: dict[str, Any] = {name: value for name, value in places.items() if value is not None}
    if configured.settings:
        from skylift.compiler.configuration import merged

        options["settings"] = merged(pipeline.options.settings, configured.settings, pipeline.who)
    return pipeline.with_options(**options)
