"""Whether containers could run in an image: a look from inside, by one of their kind that ends at once.

An engine tells only when a container starts that its image knows no such user, that there is no GPU, or
that its code is another machine's. What is inside, Python tells best.
"""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from skylift.bootstrap.command import program
from skylift_contract.canonical import digest_of
from skylift_contract.environment import CONTAINER_PYTHON
from skylift_contract.errors import BackendError, ConfigurationError
from skylift_docker.misfits import Case, misfit
from skylift_docker.mounts import is_volume
from skylift_docker.recipes import Provision, provision
from skylift_docker.setups import seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from skylift_docker.client import DockerClient
    from skylift_docker.config import DockerOrchestratorConfig
    from skylift_docker.recipes import Need

LEFT_OUT: Final = frozenset(
    {
        *("mounts", "labels", "entrypoint", "command", "network_mode", "log_config"),
        *("nano_cpus", "mem_limit", "memswap_limit", "shm_size"),
    }
)
"""Arguments that a look does without: checked by themselves, or fit for every image, or in its way."""

LOOK: Final = """
import json, sys
found = {"python": "%d.%d" % sys.version_info[:2]}
if found["python"] == sys.argv[1]:
    import importlib.util
    found["has_skylift"] = importlib.util.find_spec("skylift") is not None
    names = {"__name__": "looked"}
    exec(sys.argv[2], names)
    try:
        names["installer"]()
    except names["Refused"] as error:
        found["lacking"] = str(error)
sys.stdout.write("\\n" + json.dumps(found) + "\\n")
"""
"""In words that every Python takes, until it is known to be the right one."""


BARE: Final = frozenset({"image", "user", "environment"})
"""Arguments that every container may have, whatever its engine and its image."""


class Occupant(NamedTuple):
    """A container that is to be: whose, in which image as people name it, and the arguments of its creation.

    `mounts`: those that people asked for.
    """

    who: str
    image: str
    kind: Provision
    create: Mapping[str, Any]
    mounts: Sequence[Mapping[str, Any]]

    @property
    def is_particular(self) -> bool:
        """Whether it asks for what an engine or an image may not have."""
        user = str(self.create["user"] or "")
        is_named = bool(user) and not user.replace(":", "").isdecimal()
        return is_named or bool(self.create.keys() - LEFT_OUT - BARE)


def occupant(need: Need, create: Mapping[str, Any], image: str, config: DockerOrchestratorConfig) -> Occupant:
    """`create`: the arguments as they are compiled; `image`: by its digest."""
    ours = {one["Target"] for one in seen(config)}
    mounts = [one for one in create.get("mounts", ()) if one["Target"] not in ours]
    kind = provision(need.asked, config)
    return Occupant(need.who, need.image or image, kind, {**create, "image": image}, mounts)


@dataclass(frozen=True, slots=True)
class Prober:
    """Looks into images of one engine, for one submission.

    `engine`: its id. `user`: whom containers run as that name nobody. `python`: the minor version
    that they need.
    """

    client: DockerClient
    engine: str
    user: str
    python: str

    def unfit(self, occupants: Iterable[Occupant]) -> Iterator[ConfigurationError]:
        """Why an image is of no use to those who would run in it; equal ones are looked at once."""
        alike: dict[str, list[Occupant]] = defaultdict(list)
        for one in occupants:
            alike[digest_of([one.kind, one.image, self._arguments(one), one.mounts])].append(one)
        for some in alike.values():
            if wrong := self._wrong_with(some[0], ", ".join(one.who for one in some)):
                yield wrong

    def _wrong_with(self, one: Occupant, who: str) -> ConfigurationError | None:
        arguments = self._arguments(one)
        wrong = self._judged(one, who, arguments)
        mounts = self._there(one.mounts) if wrong else []
        if mounts and not self._judged(one, who, {**arguments, "mounts": mounts}):
            return None  # they bring what the image lacks
        return wrong

    def _there(self, mounts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Those that may bring something, to be read only: an engine makes a volume that it has not.

        Of one that is empty it would make a copy of what the image has there, if it were let.
        """
        known = self.client.volumes() if any(map(is_volume, mounts)) else []
        return [
            {**one, "ReadOnly": True, **({"VolumeOptions": {"NoCopy": True}} if is_volume(one) else {})}
            for one in mounts
            if not is_volume(one) or one["Source"] in known
        ]

    def _judged(self, one: Occupant, who: str, arguments: dict[str, Any]) -> ConfigurationError | None:
        try:
            found = self._looked(arguments)
        except BackendError as error:
            facts = self.client.images.inspect(str(one.create["image"]))
            case = Case(one.image, one.create, facts.platform, self.client.platform, error.what)
            return misfit(case, who)
        return _lacking(one, who, found, self.python)

    def _looked(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """What is inside; raises `BackendError` where it does not come to that.

        An image is named by its digest, so what was seen in it once is kept; not of GPUs, which are the
        machine's, nor of mounts.
        """
        file = _folder() / digest_of([self.engine, arguments])
        with suppress(OSError, ValueError):
            return json.loads(file.read_text())
        printed = self.client.output_of(arguments).strip()
        try:
            found: dict[str, Any] = json.loads(printed.rpartition("\n")[2])
        except ValueError:
            raise BackendError(printed or "it printed nothing", operation="docker:run") from None
        if not arguments.get("device_requests") and not arguments.get("mounts"):
            with suppress(OSError):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(found))
        return found

    def _arguments(self, one: Occupant) -> dict[str, Any]:
        return {
            **{name: value for name, value in one.create.items() if name not in LEFT_OUT},
            "user": one.create["user"] or self.user,
            "entrypoint": [CONTAINER_PYTHON],
            "command": ["-c", LOOK, self.python, program()],
        }


def _folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("skylift", appauthor=False)) / "docker-images"


def _lacking(one: Occupant, who: str, found: Mapping[str, Any], python: str) -> ConfigurationError | None:
    if found.get("python") != python:
        return ConfigurationError(
            f"image {one.image!r} has Python {found.get('python')}, and this pipeline needs {python}",
            who=who,
            fix=f"Use an image with Python {python}, or submit with the image's own.",
        )
    if one.kind is Provision.READY and not found.get("has_skylift"):
        return ConfigurationError(
            f"image {one.image!r} holds no skylift",
            who=who,
            fix="Install it there; or name it as one to install into: DockerSettings(parent_image=…).",
        )
    if one.kind is Provision.AT_START and (lacking := found.get("lacking")):
        what, _, fix = str(lacking).removeprefix("this image ").partition(". ")
        return ConfigurationError(f"image {one.image!r} {what}", who=who, fix=fix)
    return None
