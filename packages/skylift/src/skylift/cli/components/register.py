"""`skylift orchestrator register`, and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skylift.cli.commands import command
from skylift.cli.complete import flavors
from skylift.cli.components.options import ANY_OPTION, name_argument, pairs, values
from skylift.stacks.changes import register_component
from skylift.stacks.entries import Component, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXAMPLES = {
    Kind.ORCHESTRATOR: (
        "skylift orchestrator register workers --flavor=local --max_parallelism=4",
        "skylift orchestrator flavor describe local",
    ),
    Kind.ARTIFACT_STORE: (
        "skylift artifact-store register bucket --uri=s3://company-ml/skylift --region=eu-west-1",
        "skylift artifact-store register minio --uri=s3://ml --endpoint=http://localhost:9000 \\",
        "    --secret_access_key='${env:MINIO_KEY}'",
    ),
    Kind.CONTAINER_REGISTRY: ("skylift container-registry register hub --uri=docker.io/company",),
}


def _register(component: Component, arguments: list[str]) -> None:
    texts = pairs(arguments, f"{component.kind.words} {component.name!r}")
    made = register_component(_with_options(component, texts))
    click.echo(f"{made.kind.words} {made.name!r} is registered", err=True)


def _with_options(component: Component, texts: dict[str, str]) -> Component:
    # A store's scheme says which options there are, so its URI is looked at first.
    first: Mapping[str, Any] = {"uri": texts["uri"]} if "uri" in texts else {}
    bare = Component(component.kind, component.name, component.flavor, first)
    who = f"{component.kind.words} {component.name!r}"
    return Component(component.kind, component.name, component.flavor, values(texts, bare, who))


@command(
    "register",
    short_help="Give one a name and options.",
    examples=_EXAMPLES[Kind.ORCHESTRATOR],
    context_settings=ANY_OPTION,
)
@name_argument()
@click.option("--flavor", required=True, metavar="FLAVOR", help="What kind it is.", shell_complete=flavors)
@click.pass_context
def orchestrator(ctx: click.Context, *, name: str, flavor: str) -> None:
    """Give an orchestrator a name and options.

    Options are the flavor's own, as --name=value. They are checked here; no SDK and no
    credentials are needed. A secret is given as a reference: --token='${env:TOKEN}'.
    """
    _register(Component(Kind.ORCHESTRATOR, name, flavor), ctx.args)


@command(
    "register",
    short_help="Give one a name and options.",
    examples=_EXAMPLES[Kind.ARTIFACT_STORE],
    context_settings=ANY_OPTION,
)
@name_argument()
@click.pass_context
def artifact_store(ctx: click.Context, *, name: str) -> None:
    """Give an artifact store a name.

    --uri says where it is: file:///folder, s3://bucket/path, gs://bucket/path or
    az://container/path. Its other options are its scheme's; what they leave out comes from
    the environment. A secret is given as a reference: '${env:NAME}'.
    """
    _register(Component(Kind.ARTIFACT_STORE, name), ctx.args)


@command(
    "register",
    short_help="Give one a name and options.",
    examples=_EXAMPLES[Kind.CONTAINER_REGISTRY],
    context_settings=ANY_OPTION,
)
@name_argument()
@click.pass_context
def container_registry(ctx: click.Context, *, name: str) -> None:
    """Give a container registry a name.

    --uri is what stands before an image's name; --username and --password say whom to log in
    as, where the machine's own login does not. A password is given as a reference.
    """
    _register(Component(Kind.CONTAINER_REGISTRY, name), ctx.args)
