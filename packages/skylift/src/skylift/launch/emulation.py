"""Running on an emulator of this machine what would run in a cloud: `skylift run … --emulate`."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final, Self

from skylift import backends
from skylift.launch.stacks import orchestrator_of, stack_of
from skylift.project import data_folder
from skylift_contract import card
from skylift_contract.emulation import load_emulator
from skylift_contract.flavor import make_orchestrator
from skylift_contract.stack import ArtifactStore, Stack

if TYPE_CHECKING:
    from collections.abc import Generator

    from skylift.authoring.pipelines import PipelineFunction
    from skylift_contract.emulation import Emulated
    from skylift_contract.orchestrator import BaseOrchestrator

STORE: Final = "emulated"
"""Folder of the user's data; apart from the store of local runs, for these belong to no backend."""


class Emulation:
    """The emulator of one pipeline's backend, from `adapt` to the end of `with`.

    `notes`: what was replaced, and what an emulator cannot show.
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self.notes: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def adapt(self, pipeline: PipelineFunction) -> PipelineFunction:
        """The pipeline on a stack whose backend is emulated, to be run once; its emulator is started.

        Raises what `load_emulator` does, and what the stack's components do that stay as they are.
        """
        options = pipeline.options
        store = ArtifactStore((data_folder() / STORE).as_uri(), name=STORE)
        asked = stack_of(options.stack, orchestrator_of(options), store)
        own = asked.orchestrator
        emulated = self._open.enter_context(load_emulator(own.flavor)(own.config))
        self._open.enter_context(_variables(emulated))
        unscheduled = (
            () if options.schedule is None else ("its schedule is not deployed, and this runs once",)
        )
        self.notes = (_said(own.flavor, store), *emulated.lacks, *unscheduled)
        adapted = _on_it(own, emulated)
        self._open.enter_context(_found_by_name(adapted))
        stack = Stack(asked.name, adapted, store, is_emulated=True)
        return pipeline.with_options(stack=stack, orchestrator=None, schedule=None)


@contextmanager
def _found_by_name(orchestrator: BaseOrchestrator) -> Generator[None]:
    """Whoever looks at the run in this process asks the emulator, and not what it stands for."""
    backends.EMULATED[orchestrator.name] = orchestrator
    try:
        yield
    finally:
        del backends.EMULATED[orchestrator.name]


def _on_it(own: BaseOrchestrator, emulated: Emulated) -> BaseOrchestrator:
    from skylift.flavors import load_flavor

    told = own.config.model_dump(exclude_unset=True) | dict(emulated.options)
    flavor = load_flavor(own.flavor)
    config = card.config_class(flavor).parse(told)
    return make_orchestrator(flavor, config, name=own.name, id=own.id)


def _said(flavor: str, store: ArtifactStore) -> str:
    return (
        f"{flavor} is emulated on this machine, which nothing leaves: the store is {store.uri}, there is no "
        "container registry, and no credentials of yours are used"
    )


@contextmanager
def _variables(emulated: Emulated) -> Generator[None]:
    """Have this process see the emulator's variables, and none that would lead elsewhere."""
    before = dict(os.environ)
    try:
        for name in [name for name in os.environ if name.startswith(emulated.hides)]:
            del os.environ[name]
        os.environ.update(emulated.variables)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
