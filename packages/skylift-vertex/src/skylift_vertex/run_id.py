"""Where a step finds its run's id: the pipeline job's id, or that of the one custom job that is the run.

Data, which the container evaluates with the contract alone: this package need not be in it. Both are
qualified by project and location (`RUN_OWNER_ENV`), for a job's number is unique in these only.
"""

from __future__ import annotations

from typing import Final

from skylift_contract.run_id import Env
from skylift_pipelinespec.asked import Reader

JOB_ENV: Final = "SKYLIFT_VERTEX_PIPELINE_JOB"
"""The variable of each step that its command sets to the id of the pipeline's job."""

READER: Final = Reader(run_id="{{$.pipeline_job_name}}", variable=JOB_ENV)
"""What Vertex puts in the place of that is the job's id.

Source: cloud.google.com/vertex-ai/docs/pipelines, kfp.dsl.PIPELINE_JOB_NAME_PLACEHOLDER
"""

RUN_ID_SOURCES: Final = (Env(name=JOB_ENV), Env(name="CLOUD_ML_JOB_ID", scope="job"))
"""The second is each custom job's own, and so is each step's of a static pipeline, where it is never read."""
