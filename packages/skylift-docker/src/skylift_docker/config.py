"""What the orchestrator may be told, for all of its runs and for one step."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final, Literal

from pydantic import Field, JsonValue, field_validator

from skylift.url_passwords import refuse_passwords
from skylift_contract.byte_units import parse_bytes
from skylift_contract.containers import image_option
from skylift_contract.errors import ConfigurationError
from skylift_contract.model import Settings
from skylift_contract.orchestrator import BaseOrchestratorConfig
from skylift_docker.run_args import check_run_args

CALLED: Final = 'settings["orchestrator.local_docker"]'
"""Where people write settings, which sentences about them name."""

USER: Final = re.compile(r"[^:\s]+(:[^:\s]+)?")
"""A name or a number, and a group's: docs.docker.com/reference/dockerfile/#user."""

VOLUME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
"""A volume's name: 'only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed', says an engine that is given another."""

LOCAL_HOSTS: Final = ("unix://", "npipe://", "tcp://localhost", "tcp://127.0.0.1", "tcp://[::1]")
"""How the address of an engine begins that sees the files of this machine."""


class DockerOrchestratorConfig(BaseOrchestratorConfig):
    """Containers of one engine; this process starts them, shows what they print, and removes them."""

    docker_host: str | None = Field(
        default=None,
        description="The engine's address; by default DOCKER_HOST, then the current docker context.",
    )
    image: str | None = Field(
        default=None,
        min_length=1,
        description="The image of steps that name none; it holds Python, skylift and what steps import.",
    )
    max_parallelism: int | None = Field(
        default=None,
        ge=1,
        description="How many containers run at once; by default as many as the engine has CPUs.",
    )
    network: str | None = Field(
        default=None, min_length=1, description="A network, or host; by default the engine's bridge."
    )
    user: str | None = Field(
        default=None, min_length=1, description="Whom containers run as, uid[:gid]; by default you."
    )
    setup: Literal["image", "start"] = Field(
        default="image",
        description="Where what a step needs is installed: in an image, built once, or at each start.",
    )
    index: str | None = Field(
        default=None,
        min_length=1,
        description="Where packages are from: a URL, or a folder of wheels; by default as pip is set.",
    )
    cache_volume: str = Field(
        default="skylift-environments",
        pattern=f"^{VOLUME.pattern}$",
        description="The volume in which what containers installed at their start is kept for the next.",
    )
    pull: Literal["missing", "always", "never"] = Field(
        default="missing", description="When images are pulled: missing, always or never."
    )
    remove_containers: bool = Field(
        default=True, description="Whether a container is removed once it has ended."
    )
    engine_socket: Literal["isolated", "always", "never"] = Field(
        default="isolated",
        description="When a dynamic pipeline's container may use the engine: where it has isolated steps.",
    )
    stop_timeout_s: int = Field(
        default=20, ge=1, description="Seconds that a container has to end, before it is killed."
    )
    request_timeout_s: int = Field(default=60, ge=1, description="Seconds that one call may take.")
    run_args: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="Further arguments of docker's containers.create, as JSON; those of a step win.",
    )

    @field_validator("run_args")
    @classmethod
    def _are_known(cls, given: dict[str, JsonValue]) -> dict[str, JsonValue]:
        return check_run_args(given, cls.__name__)

    @field_validator("user")
    @classmethod
    def _is_a_user(cls, given: str | None) -> str | None:
        if given is not None and (wrong := misspelt_user(given, f"{cls.__name__}.user")):
            raise wrong
        return given

    _is_an_image = field_validator("image")(image_option)

    @field_validator("index")
    @classmethod
    def _is_a_place(cls, given: str | None) -> str | None:
        if given is not None and not given.startswith(("http://", "https://", "/")):
            raise ConfigurationError(
                "it is neither a URL nor an absolute path", who=f"{cls.__name__}.index", value=given
            )
        refuse_passwords(given, f"{cls.__name__}.index")
        return given

    @property
    def wheels(self) -> str:
        """The folder that the index is; empty for a URL, and where none is named."""
        return self.index if self.index and self.index.startswith("/") else ""

    @property
    def is_synchronous(self) -> bool:
        return True

    @property
    def is_remote(self) -> bool:
        """Steps reach a `file://` store, which is mounted."""
        return False

    @property
    def lends_identity(self) -> bool:
        return True

    @property
    def handles_step_retries(self) -> bool:
        return True


class Mount(Settings):
    """What a container sees at `target`: a folder or file of this machine, or a volume by its name.

    People may write `"/data:/data:ro"`, as `docker run --volume` takes it.
    """

    called: ClassVar[str] = f"{CALLED}.mounts"

    source: str = Field(min_length=1)
    target: str = Field(min_length=1)
    read_only: bool = False

    @property
    def is_bind(self) -> bool:
        """Whether the source is a path, and no volume's name."""
        return self.source.startswith("/")

    @property
    def is_volume(self) -> bool:
        return VOLUME.fullmatch(self.source) is not None

    @classmethod
    def of(cls, text: str) -> Mount:
        source, _, rest = text.partition(":")
        target, _, mode = rest.partition(":")
        if not rest or mode not in {"", "ro", "rw"}:
            raise ConfigurationError(
                "it is no mount",
                who=cls.called,
                value=text,
                fix='Write "SOURCE:TARGET", with ":ro" behind it for one that is only read.',
            )
        return cls(source=source, target=target, read_only=mode == "ro")


class DockerRunSettings(Settings):
    """For a pipeline or a step, under `settings["orchestrator.local_docker"]`.

    `shm_size`: of /dev/shm, with its unit: `"1GB"`. `environment`: under the step's own.
    `run_args`: further arguments of `containers.create` of Docker's Python SDK, by their names there.
    """

    called: ClassVar[str] = CALLED

    mounts: tuple[Mount, ...] = ()
    environment: dict[str, str] = Field(default_factory=dict)
    network: str | None = Field(default=None, min_length=1)
    user: str | None = Field(default=None, min_length=1)
    shm_size: str | None = None
    privileged: bool = False
    platform: str | None = Field(default=None, pattern=r"^[a-z0-9]+(/[a-z0-9]+){1,2}$")
    run_args: dict[str, JsonValue] = Field(default_factory=dict)

    @field_validator("mounts", mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        if isinstance(given, str) or not isinstance(given, list | tuple):
            return given
        rows: list[Any] = list(given)  # pyright: ignore[reportUnknownArgumentType] -- what somebody wrote
        return [Mount.of(one) if isinstance(one, str) else one for one in rows]

    @field_validator("shm_size")
    @classmethod
    def _is_a_size(cls, text: str | None) -> str | None:
        if text is not None:
            shm_bytes(text)
        return text

    @field_validator("run_args")
    @classmethod
    def _are_known(cls, given: dict[str, JsonValue]) -> dict[str, JsonValue]:
        return check_run_args(given, cls.called)


def misspelt_user(text: str, who: str) -> ConfigurationError | None:
    """Why it can be nobody, if it cannot."""
    if USER.fullmatch(text):
        return None
    return ConfigurationError(
        "it is no user", who=who, value=text, fix='Write "USER" or "USER:GROUP", by numbers or by names.'
    )


def shm_bytes(text: str) -> int:
    """A size in bytes; the same units as memory has."""
    return parse_bytes(text, f"{CALLED}.shm_size")


def is_on_this_machine(host: str) -> bool:
    """Whether an engine at this address sees this machine's files, as far as the address tells."""
    return re.match("|".join(map(re.escape, LOCAL_HOSTS)), host) is not None
