"""What `skylift run … --emulate` is given in place of AWS."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.emulation import Emulated
from skylift_sagemaker.emulator.place import ACCOUNT, Place
from skylift_sagemaker.emulator.server import SagemakerEmulator
from skylift_testkit.emulator.process import shows_roots

if TYPE_CHECKING:
    from collections.abc import Generator

    from skylift_contract.orchestrator import BaseOrchestratorConfig

BUCKET: Final = "skylift-emulated"
REGION: Final = "us-east-1"
ROLE: Final = "role/skylift-emulated"

POLL_S: Final = 0.1
"""Steps here are over within seconds, and to look costs nothing."""

LACKS: Final = (
    "steps run in this machine's Python: images, instances, roles and networks are not looked at",
    "a job that SageMaker could not start is tried again at once: the pauses of retry policies are not kept",
)
NO_ROOT: Final = "a process may have no mounts of its own here, so jobs find no /opt/ml"


@contextmanager
def emulated(config: BaseOrchestratorConfig) -> Generator[Emulated]:
    """AWS on loopback, in the orchestrator's region, with a bucket and a role of its own."""
    region = str(getattr(config, "region", None) or REGION)
    with SagemakerEmulator() as emulator:
        emulator.make_bucket(BUCKET, region)
        lacks = LACKS if shows_roots() else (*LACKS, NO_ROOT)
        yield Emulated(emulator.variables(region), ("AWS_",), _options(Place(region), config), lacks)


def _options(place: Place, config: BaseOrchestratorConfig) -> dict[str, Any]:
    """The role's account is the emulator's, as a role and credentials must be of one account."""
    role = f"arn:{place.partition}:iam::{ACCOUNT}:{ROLE}"
    return {
        "region": place.region,
        "aws_profile": None,
        "assume_role": None,
        "execution_role": role,
        "scheduler_role": role,
        "bucket": BUCKET,
        "poll_s": POLL_S,
        "image": getattr(config, "image", None)
        or f"{ACCOUNT}.dkr.ecr.{place.region}.amazonaws.com/{BUCKET}:latest",
    }
