"""What the orchestrator may be told, for all of its runs and for one step."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from skylift.bootstrap.at_start import AtStart, check_index
from skylift_contract.containers import image_option
from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_contract.model import Settings
from skylift_contract.orchestrator import BaseOrchestratorConfig
from skylift_vertex.limits import MAX_RUNTIME_S, check_labels
from skylift_vertex.locations import LOCATIONS
from skylift_vertex.machines import accelerator_type, machine_type

KEY: Final = "orchestrator.vertex"
"""Under which a pipeline's or a step's `settings` hold its own."""

Runtime = Annotated[int, Field(ge=1, le=MAX_RUNTIME_S)]
Account = Annotated[str, Field(pattern=r"^[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com$")]

_ACCOUNTS: Final = ["steps@my-project.iam.gserviceaccount.com"]
_BUCKET: Final = r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"
_NAME: Final = r"[a-z]([-a-z0-9]*[a-z0-9])?"


class VertexOrchestratorConfig(BaseOrchestratorConfig):
    """Pipelines of one project and location; what only a run needs may be left out at registration."""

    project: str = Field(
        pattern=r"^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$|^\d+$",
        description="The project's id.",
        examples=["my-project"],
    )
    location: str = Field(description="The region that pipelines run in: us-central1.")
    pipeline_root: str | None = Field(
        default=None,
        pattern=rf"^gs://{_BUCKET}(/[^#?\n]*)?$",
        examples=["gs://my-bucket/vertex"],
        description="Where Vertex keeps what it writes itself; by default in the gs:// store's bucket.",
    )
    image: str | None = Field(
        default=None,
        min_length=1,
        description="An image with Python, skylift and what steps import, for those that name none; "
        "by default a plain Python, in which they are installed at its start.",
    )
    index: str | None = Field(
        default=None,
        min_length=1,
        description="The URL of the index that such packages are from; by default as pip is set.",
    )
    service_account: Account | None = Field(
        default=None,
        examples=_ACCOUNTS,
        description="Whom steps run as; by default Compute Engine's own account.",
    )
    key_file: str | None = Field(
        default=None, min_length=1, description="A service account's key to call Vertex with; else ADC."
    )
    impersonate: Account | None = Field(
        default=None,
        examples=_ACCOUNTS,
        description="A service account to call Vertex as; its tokens are renewed by themselves.",
    )
    network: str | None = Field(
        default=None,
        pattern=rf"^projects/\d+/global/networks/{_NAME}$",
        examples=["projects/123456789012/global/networks/my-network"],
        description="The VPC that steps are peered with: projects/NUMBER/global/networks/NAME.",
    )
    reserved_ip_ranges: tuple[str, ...] = Field(
        default=(), max_length=16, description="Names of the network's ranges that steps take addresses of."
    )
    psc_network_attachment: str | None = Field(
        default=None,
        pattern=rf"^(projects/[^/]+/regions/[^/]+/networkAttachments/)?{_NAME}$",
        examples=["my-attachment"],
        description="In place of network: the attachment by which steps reach a VPC.",
    )
    encryption_key: str | None = Field(
        default=None,
        pattern=r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$",
        examples=["projects/my-project/locations/us-central1/keyRings/my-ring/cryptoKeys/my-key"],
        description="The Cloud KMS key, of the same location, that all is encrypted with.",
    )
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of all that is made, as JSON.")
    accelerator: str = Field(
        default="NVIDIA_TESLA_T4", description="The GPU of steps that ask for some, and not for a kind."
    )
    machine_type: str = Field(
        default="e2-standard-4",
        description="The machine of isolated steps and dynamic pipelines that ask for no resources.",
    )
    max_runtime_s: Runtime = Field(
        default=MAX_RUNTIME_S, description="Seconds after which such a job is ended."
    )
    poll_s: float | None = Field(
        default=None,
        gt=0,
        description="Seconds at most between two looks at a run; by default they grow to 15.",
    )
    api_endpoint: str | None = Field(
        default=None,
        pattern=r"^(https?://)?[A-Za-z0-9.-]+(:\d+)?$",
        examples=["https://us-central1-aiplatform.googleapis.com"],
        description="Where Vertex is called; over http:// without credentials.",
    )
    api_transport: Literal["grpc", "rest"] = Field(default="grpc", description="How Vertex is called.")

    @field_validator("index")
    @classmethod
    def _is_an_index(cls, given: str | None) -> str | None:
        if given is not None:
            check_index(given, f"{cls.__name__}.index")
        return given

    _is_an_image = field_validator("image")(image_option)

    @field_validator("location")
    @classmethod
    def _is_there(cls, given: str) -> str:
        if given not in LOCATIONS:
            raise UnknownName(
                "location of Vertex AI", given, sorted(LOCATIONS), who=f"{cls.__name__}.location"
            )
        return given

    @field_validator("accelerator")
    @classmethod
    def _is_an_accelerator(cls, given: str) -> str:
        return accelerator_type(given, f"{cls.__name__}.accelerator")

    @field_validator("machine_type")
    @classmethod
    def _is_a_machine(cls, given: str) -> str:
        return machine_type(given, f"{cls.__name__}.machine_type")

    @field_validator("labels")
    @classmethod
    def _are_labels(cls, given: dict[str, str]) -> dict[str, str]:
        check_labels(given, cls.__name__)
        return given

    @model_validator(mode="after")
    def _is_a_whole(self) -> Self:
        _check_network(self)
        _check_places(self)
        return self

    @property
    def is_schedulable(self) -> bool:
        return True

    @property
    def handles_step_retries(self) -> bool:
        """Of static pipelines; a dynamic one's steps are tried again by its own process."""
        return True

    @property
    def at_start(self) -> AtStart:
        return AtStart("skylift-vertex", self.image, self.index)

    @property
    def parent(self) -> str:
        """The name of where everything is: `projects/my-project/locations/us-central1`."""
        return f"projects/{self.project}/locations/{self.location}"


class VertexOrchestratorSettings(Settings):
    """For a dynamic pipeline or an isolated step, under `settings["orchestrator.vertex"]`.

    `machine_type`: chosen here, and not by the step's resources, which it has to have. `use_spot`: spare
    capacity; a job that is interrupted begins again. A step of a static pipeline has none of these: what
    runs it is Vertex's own choice, by the resources that it asks for.
    """

    machine_type: str | None = None
    use_spot: bool | None = None
    max_runtime_s: Runtime | None = None

    @field_validator("machine_type")
    @classmethod
    def _is_a_machine(cls, given: str | None) -> str | None:
        return given and machine_type(given, f"{cls.__name__}.machine_type")


def _check_network(config: VertexOrchestratorConfig) -> None:
    who = type(config).__name__
    if config.network and config.psc_network_attachment:
        raise ConfigurationError(
            "a step is peered with a network, or reaches one by an attachment, and not both",
            who=f"{who}.psc_network_attachment",
            fix="Leave out one of network and psc_network_attachment.",
        )
    if config.reserved_ip_ranges and not config.network:
        raise ConfigurationError(
            "they are ranges of a network, and none is named",
            who=f"{who}.reserved_ip_ranges",
            fix="Add network.",
        )


def _check_places(config: VertexOrchestratorConfig) -> None:
    """A key and an attachment that are named whole name their region, too."""
    for name in ("encryption_key", "psc_network_attachment"):
        value = getattr(config, name) or ""
        place = value.split("/")[3:4]
        if place and place != [config.location]:
            raise ConfigurationError(
                f"it is of another location than {config.location}",
                who=f"{type(config).__name__}.{name}",
                value=value,
            )
