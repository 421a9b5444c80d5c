"""Steps of a dynamic run in containers beside that of the pipeline's function."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skylift.store.identity import identity
from skylift_contract.enums import ExecutionStatus
from skylift_contract.environment import STORE_ENV, STORE_OPTIONS_ENV
from skylift_contract.errors import NotFound, Transient
from skylift_contract.run import IsolatedStep
from skylift_contract.run_id import RUN_ID_ENV
from skylift_contract.status import StepStatus
from skylift_docker.building import Builder
from skylift_docker.compile import step_container
from skylift_docker.containers import Container, Handling
from skylift_docker.images import resolve
from skylift_docker.moment import Moment, default_user
from skylift_docker.mounts import files_of, store_mounts
from skylift_docker.preflight import check_step, missing_networks
from skylift_docker.probing import Prober, occupant
from skylift_docker.recipes import Provision, of_step
from skylift_docker.refusals import raise_all
from skylift_docker.settings_checks import asked_of
from skylift_docker.status import step_status

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from typing import Any

    from skylift_contract.errors import ConfigurationError
    from skylift_contract.orchestrator import StepRunInfo
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_docker.client import DockerClient
    from skylift_docker.compile import Making
    from skylift_docker.config import DockerOrchestratorConfig


@contextmanager
def said_how_it_is_lent() -> Generator[None]:
    """Of an engine that the pipeline's own container does not reach, say how it would."""
    try:
        yield
    except Transient as error:
        raise Transient(
            error.what,
            operation=error.operation,
            fix="Declare the step with runtime='isolated', for the engine is lent to pipelines whose source "
            "names such steps; or set --engine_socket=always.",
        ) from error


class IsolatedContainers:
    """Starts them, and knows them by their ids. Its methods may be called in several threads."""

    def __init__(self, client: DockerClient, config: DockerOrchestratorConfig) -> None:
        self._client, self._config = client, config
        self._engine = client.engine()
        self._running: dict[str, Container] = {}

    def start(self, info: StepRunInfo, making: Making, environment: Mapping[str, str]) -> IsolatedStep:
        name = info.step.spec.invocation_id
        container = self._checked(info, making, environment)
        handling = Handling(
            f"{info.path or name} | ", self._config.stop_timeout_s, self._config.remove_containers
        )
        moment = self._moment(info, environment)
        create = moment.arguments(container, info.attempt)
        started = Container.started(self._client, moment.name(container, info.attempt), create, handling)
        self._running[started.id] = started
        return IsolatedStep(invocation_id=name, id=started.id)

    def status(self, step: IsolatedStep) -> StepStatus:
        """Of one that has ended it is told once; then it is forgotten."""
        if not self._has_ended(step):
            return StepStatus(ExecutionStatus.RUNNING)
        return self._running.pop(step.id).wait()

    def _has_ended(self, step: IsolatedStep) -> bool:
        try:
            return step_status(self._client.inspect(step.id)["State"]).status.is_finished
        except NotFound:
            return True

    def wait(self, step: IsolatedStep, seconds: float) -> None:
        if step.id in self._running:
            self._client.wait(step.id, seconds)

    def stop(self, step: IsolatedStep) -> None:
        if (started := self._running.get(step.id)) is not None:
            started.stop()

    def resolved(self, info: StepRunInfo) -> PipelineSnapshot:
        """The run's snapshot, with the image and the lock of a step that asks for one of its own."""
        snapshot, config = info.snapshot, self._config
        check_step(info.step, config, self._engine)
        if info.image is None:
            return snapshot  # it runs in what the pipeline's function runs in
        builder = Builder(self._client.images, config, snapshot.project)
        found = resolve([of_step(snapshot, info.step, config)], snapshot, config, builder, {})
        update = {"images": {**snapshot.images, **found.images}, "locks": {**snapshot.locks, **found.locks}}
        return snapshot.model_copy(update=update)

    def _checked(self, info: StepRunInfo, making: Making, environment: Mapping[str, str]) -> dict[str, Any]:
        own = making.container(info.step if info.image else None, info.command)
        container = step_container(info.snapshot, info.step, making, environment, own)
        networks = missing_networks(self._client, {info.step.spec.invocation_id: container})
        raise_all([*networks, *self._unfit(info, container["create"])])
        return container

    def _unfit(self, info: StepRunInfo, create: Mapping[str, Any]) -> Iterator[ConfigurationError]:
        need = of_step(info.snapshot, info.step, self._config)
        # Without what is this run's alone, so that the next of its kind is not looked at again.
        own = {**need.asked.environment, **asked_of(info.step).own.environment}
        one = occupant(need, {**create, "environment": own}, create["image"], self._config)
        user, python = default_user(self._engine), info.snapshot.runtime.python
        if (info.image and one.kind is not Provision.BUILT) or one.is_particular:
            yield from Prober(self._client, self._engine.id, user, python).unfit([one])

    def _moment(self, info: StepRunInfo, environment: Mapping[str, str]) -> Moment:
        store = environment[STORE_ENV]
        known = identity(store, json.loads(environment.get(STORE_OPTIONS_ENV) or "{}"))
        return Moment(
            run_id=info.run_id,
            orchestrator_run_id=environment[RUN_ID_ENV],
            submission=info.run.submission_id,
            store=store,
            engine=self._engine,
            variables=known.variables,
            mounts=[*store_mounts(store), *files_of(known.files)],
            is_kept=not self._config.remove_containers,
        )
