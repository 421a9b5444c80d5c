"""A submission let in: all that can be known to be wrong is said, and then its images are made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skylift.store.identity import identity
from skylift_contract.errors import AuthenticationError, ConfigurationError, NotFound
from skylift_docker.compile import DOCUMENT, compile_containers
from skylift_docker.images import on_engine, resolve
from skylift_docker.moment import default_user
from skylift_docker.preflight import beyond_engine, unreachable
from skylift_docker.probing import Prober, occupant
from skylift_docker.recipes import Provision, needs, provision
from skylift_docker.refusals import raise_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skylift_contract.containers import ResolvedImages
    from skylift_contract.errors import SkyliftError
    from skylift_contract.stack import ArtifactStore
    from skylift_docker.building import Builder
    from skylift_docker.client import DockerClient
    from skylift_docker.compile import Making
    from skylift_docker.probing import Occupant
    from skylift_docker.recipes import Need
    from skylift_docker.resources import Engine


@dataclass(frozen=True, slots=True)
class Admission:
    """One submission to one engine, of which nothing is stored yet."""

    client: DockerClient
    making: Making
    store: ArtifactStore
    builder: Builder

    def images(self) -> ResolvedImages:
        """What its containers run in, built where it has to be.

        Raises all that is wrong with it at once, but for what shows only in an image that is built.
        """
        snapshot, config = self.making.snapshot, self.making.config
        engine, containers = self.client.engine(), self._containers()
        prober = Prober(self.client, engine.id, default_user(engine), snapshot.runtime.python)
        wanted = list(needs(snapshot, config))
        built = [one for one in wanted if provision(one.asked, config) is Provision.BUILT]
        found: dict[str, str] = {}
        reasons = [*self._refused(engine, containers), *self._missing(wanted, found)]
        ready = [
            occupant(one, containers[one.invocation]["create"], found[one.image], config)
            for one in wanted
            if one.image in found
        ]
        raise_all([*reasons, *prober.unfit(ready)])
        made = resolve(wanted, snapshot, config, self.builder, found)
        fresh = [
            occupant(one, containers[one.invocation]["create"], made.images[one.invocation], config)
            for one in built
        ]
        raise_all(prober.unfit(self._at_hand(fresh)))
        return made

    def _at_hand(self, fresh: Iterable[Occupant]) -> Iterator[Occupant]:
        """Those that are worth a look, their images here: a registry may have had them already."""
        for one in fresh:
            if one.is_particular:
                on_engine(self.builder.images, one.create["image"], one.create.get("platform"), "missing")
                yield one

    def _containers(self) -> dict[str, Any]:
        compiled = compile_containers(self.making.snapshot, self.making, {}, {})
        return json.loads(compiled.documents[DOCUMENT])["containers"]

    def _refused(self, engine: Engine, containers: dict[str, Any]) -> Iterator[SkyliftError]:
        yield from beyond_engine(self.client, engine, self.making.snapshot, containers, self.store)
        yield from unreachable(identity(self.store.uri, self.store.options), containers)

    def _missing(self, wanted: Iterable[Need], found: dict[str, str]) -> Iterator[SkyliftError]:
        """Have each image that is not built on the engine, and note it; why one cannot be."""
        config = self.making.config
        for need in wanted:
            if provision(need.asked, config) is Provision.BUILT or need.image in found:
                continue
            try:
                found[need.image] = on_engine(
                    self.builder.images, need.image, need.recipe.platform, config.pull
                )
            except NotFound as error:
                # It is what was named that is not there, as with a network or a mount: no call to repeat.
                yield ConfigurationError(error.what, who=error.who, fix=error.fix)
            except AuthenticationError as error:
                yield error
