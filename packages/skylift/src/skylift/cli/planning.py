"""From what is typed after a command to a plan: the options that `run` and its like share."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from functools import reduce, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skylift.cli import stdout
from skylift.cli.commands import store_option
from skylift.cli.complete import pipelines, registered, stacks
from skylift.cli.loading import load_pipeline
from skylift.cli.parameters import arguments_of
from skylift.cli.user_code import explained
from skylift.project import project_of
from skylift_contract.capability import Capability
from skylift_contract.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.cli.config_file import RunConfig
    from skylift.launch.plan import Plan
    from skylift_contract.errors import SkyliftError
    from skylift_contract.orchestrator import BaseOrchestrator

CONFIG_HELP = (
    "YAML, TOML or JSON: `parameters`, `settings`, `enable_cache`, `tags`, and options of `steps` by name."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A pipeline, and how it is to be called and where it is to run, as it was typed."""

    target: str
    params: tuple[str, ...]
    config: Path | None
    stack: str | None
    orchestrator: str | None
    store: str | None
    allow_degraded: tuple[str, ...]

    def plan(
        self,
        adapt: Callable[[PipelineFunction], PipelineFunction] = lambda asked: asked,
        refuses: Callable[[BaseOrchestrator], Iterable[SkyliftError]] = lambda _: (),
    ) -> Plan:
        """Compile and check the pipeline, called with the parameters that were given; nothing is made.

        `adapt`: what the command makes of the pipeline, or refuses of it, before that. `refuses`: why
        it cannot be done on an orchestrator, told with what that refuses itself.
        """
        degraded = [capability(name) for name in self.allow_degraded]
        loaded, configured = load_pipeline(self.target), self._configured()
        with project_of(loaded.file):
            pipeline = adapt(self._chosen(loaded, configured))
        arguments = arguments_of(pipeline, self.params, configured.parameters, os.environ)
        from skylift.launch.plan import plan

        with explained(pipeline.who):
            planned = plan(pipeline, arguments.values, degraded, self.store, refuses)
        return replace(planned, notes=(*arguments.notes, *planned.notes))

    def _configured(self) -> RunConfig:
        from skylift.cli.config_file import RunConfig, read_config

        return read_config(self.config) if self.config else RunConfig()

    def _chosen(self, pipeline: PipelineFunction, configured: RunConfig) -> PipelineFunction:
        places = {"stack": self.stack, "orchestrator": self.orchestrator}
        options: dict[str, Any] = {name: value for name, value in places.items() if value is not None}
        return pipeline.with_options(**options, **configured.options_of(pipeline))


def asks_for_a_pipeline(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument and the options of `Asked`, and hand it that as `asked`."""

    @wraps(function)
    def call(**given: Any) -> Any:
        own: Mapping[str, Any] = {field.name: given.pop(field.name) for field in fields(Asked)}
        # What the pipeline's code prints would stand in the middle of the document.
        with stdout.for_the_answer(given.get("output", "text")):
            return function(asked=Asked(**own), **given)

    return reduce(lambda made, option: option(made), reversed(_OPTIONS), call)


_OPTIONS = (
    click.argument("target", metavar="FILE.py[:PIPELINE]", shell_complete=pipelines),
    click.option(
        "--param",
        "params",
        multiple=True,
        metavar="NAME=VALUE",
        help="A parameter of the pipeline; wins over SKYLIFT_PARAM_<NAME>, that over --config.",
    ),
    click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help=CONFIG_HELP),
    click.option(
        "--stack",
        metavar="NAME",
        help="Use this stack; by default the pipeline's own, SKYLIFT_STACK, or the active one.",
        shell_complete=stacks,
    ),
    click.option(
        "--orchestrator",
        metavar="NAME",
        help="Use this orchestrator.",
        shell_complete=registered("orchestrator"),
    ),
    store_option(),
    click.option(
        "--allow-degraded",
        multiple=True,
        metavar="CAPABILITY",
        help="Do without something that the flavor refuses; it is noted.",
    ),
)


def capability(name: str) -> Capability:
    """What `--allow-degraded` names; raises `UnknownName`, offering the nearest."""
    try:
        return Capability(name)
    except ValueError:
        known = [capability.value for capability in Capability]
        raise UnknownName("capability", name, known, who="--allow-degraded") from None
