"""Where a step finds its run's id: the ARN of the pipeline's execution, or of the one job that is the run.

Data, which the container evaluates with the contract alone: this package need not be in it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from skylift_contract.run_id import Env, JsonFile

if TYPE_CHECKING:
    from collections.abc import Mapping

EXECUTION_ARN_ENV: Final = "SKYLIFT_SAGEMAKER_EXECUTION_ARN"
"""The variable of each step in which the service puts the ARN of the execution."""

EXECUTION_ARN: Final[Mapping[str, str]] = MappingProxyType({"Get": "Execution.PipelineExecutionArn"})
"""What stands in a definition for it.

Source: docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-variables.html
"""

RUN_ID_SOURCES: Final = (
    Env(name=EXECUTION_ARN_ENV),
    Env(name="TRAINING_JOB_ARN", scope="job"),
    JsonFile(path="/opt/ml/config/processingjobconfig.json", pointer="/ProcessingJobArn", scope="job"),
)
"""The last two are each job's own, so the id of a dynamic pipeline's one job, and never of a static step."""
