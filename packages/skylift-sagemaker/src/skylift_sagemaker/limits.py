"""What SageMaker takes at most, as botocore's model of the service says; each is named for its shape.

`tests/test_limits.py` holds them against the model. What a page or a report says instead is said so.
"""

from __future__ import annotations

import re
from typing import Final

from skylift_contract.errors import ConfigurationError
from skylift_contract.limits import Limit

API: Final = "docs.aws.amazon.com/sagemaker/latest/APIReference"

PIPELINE_NAME: Final = 82
"""Characters. The model says 256; the service was reported to refuse more than this
(github.com/aws/sagemaker-python-sdk/issues/2933)."""

STEP_NAME: Final = 64
JOB_NAME: Final = 63
EXECUTION_NAME: Final = 82
SCHEDULE_NAME: Final = 64
DEFINITION: Final = Limit(1_048_576, "characters", minimum=1, source=f"{API}/API_CreatePipeline.html")
INLINE_BYTES: Final = 100 * 1024
"""A longer definition is put into the bucket, as AWS's own SDK does."""

VARIABLES: Final = Limit(100, "entries", source=f"{API}/API_CreateProcessingJob.html")
PROCESSING_VALUE: Final = Limit(256, "characters", source=f"{API}/API_CreateProcessingJob.html")
TRAINING_VALUE: Final = Limit(512, "characters", source=f"{API}/API_CreateTrainingJob.html")
ARGUMENTS: Final = Limit(100, "entries", minimum=1, source=f"{API}/API_AppSpecification.html")
ARGUMENT: Final = Limit(256, "characters", source=f"{API}/API_AppSpecification.html")
IMAGE: Final = Limit(255, "characters", source=f"{API}/API_AppSpecification.html")
TAGS: Final = Limit(50, "entries", source=f"{API}/API_CreatePipeline.html")
TAG_KEY: Final = Limit(128, "characters", minimum=1, source=f"{API}/API_Tag.html")
TAG_VALUE: Final = Limit(256, "characters", source=f"{API}/API_Tag.html")
MAX_RUNTIME_S: Final = 777_600
VOLUME_GB: Final = 16_384
KEEP_ALIVE_S: Final = 3_600
"""The model says 21600; the page of warm pools 3600
(docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html)."""

TOKEN: Final = Limit(128, "characters", minimum=32, source=f"{API}/API_StartPipelineExecution.html")
EXPRESSION: Final = 256
"""Characters of a schedule's expression (Scheduler's `ScheduleExpression`)."""

ROLE_ARN: Final = r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
VARIABLE_NAME: Final = r"[a-zA-Z_][a-zA-Z0-9_]*"
SUBNET: Final = r"[-0-9a-zA-Z]+"
KMS_KEY: Final = r"[a-zA-Z0-9:/_-]*"
EXPERIMENT: Final = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}"
RESERVED_TAGS: Final = "aws:"
"""What AWS's own tags begin with, in any case (docs.aws.amazon.com/general/latest/gr/aws_tagging.html)."""
TAG_TEXT: Final = re.compile(r"[\w\s.:/=+\-@]*")
"""The model's `[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*`, as nearly as `re` has it."""


def check_variables(environment: dict[str, str], value: Limit, who: str, reserved: int) -> None:
    """Raise for the first variable that the service would refuse; `reserved`: how many are added to them.

    Raises `LimitExceeded`, and `ConfigurationError` for a name that is none.
    """
    VARIABLES.check(len(environment) + reserved, f"{who}, environment variables")
    for name, text in environment.items():
        if not re.fullmatch(VARIABLE_NAME, name):
            raise ConfigurationError(
                "SageMaker takes no variable of this name",
                who=who,
                value=name,
                fix="Use letters, digits and _, and no digit first.",
            )
        value.check(len(name), f"{who}, the name of variable {name[:40]!r}")
        value.check(len(text), f"{who}, variable {name!r}")


def check_command(command: list[str], who: str) -> None:
    """Raise `LimitExceeded` or `ConfigurationError` for an argv that no container could be given."""
    ARGUMENTS.check(len(command), f"{who}, words of its command")
    for word in command:
        ARGUMENT.check(len(word), f"{who}, a word of its command")
        if "\n" in word or "\r" in word:
            raise ConfigurationError(
                "SageMaker takes no line break in a container's command",
                who=who,
                value=word,
                fix="Rename it, or pass it in a file.",
            )


def check_tags(tags: dict[str, str], who: str) -> None:
    """Raise `LimitExceeded` or `ConfigurationError` for the first tag that the service would refuse."""
    TAGS.check(len(tags), f"{who}, tags")
    for key, text in tags.items():
        TAG_KEY.check(len(key), f"{who}, the key of a tag")
        if key.lower().startswith(RESERVED_TAGS):
            raise ConfigurationError(
                f"keys that begin with {RESERVED_TAGS} are AWS's own", who=f"{who}, tags", value=key
            )
        TAG_VALUE.check(len(text), f"{who}, tag {key!r}")
        for part in (key, text):
            if not TAG_TEXT.fullmatch(part):
                raise ConfigurationError(
                    "a tag has letters, digits, spaces and _.:/=+-@ only", who=f"{who}, tags", value=part
                )
