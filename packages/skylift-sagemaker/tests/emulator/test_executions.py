from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from sagemaker_cloud import REGION, RUN_ID, ClientError, Cloud, step, training_step, used

from skylift_sagemaker.emulator import SagemakerEmulator

if TYPE_CHECKING:
    from pathlib import Path

    from sagemaker_cloud import ClientError, Fifo

TOKEN = "t" * 32
FIND = (
    "from skylift_contract.run_id import Env, find_orchestrator_run_id as find; "
    "print(find([Env(name='RUN')], backend='sagemaker', dynamic=False))"
)


def test_every_step_has_the_executions_arn_and_another_execution_another(cloud: Cloud) -> None:
    cloud.pipeline("daily", step("a", FIND, RUN=RUN_ID), step("b", FIND, ["a"], RUN=RUN_ID))
    arns = [cloud.start("daily"), cloud.start("daily")]
    assert [cloud.wait(arn) for arn in arns] == ["Succeeded"] * 2
    assert [cloud.printed_by(arn, name) for arn in arns for name in "ab"] == [
        [arn] for arn in arns for _ in "ab"
    ]
    assert arns[0] != arns[1]


def test_without_substitution_a_step_refuses_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with SagemakerEmulator(is_substituting=False) as emulator:
        used(emulator, REGION, monkeypatch)
        cloud = Cloud(emulator)
        arn = cloud.run(step("a", FIND, RUN=RUN_ID))
        assert cloud.status(arn) == "Failed"
        assert cloud.printed_by(arn, "a")[-1] == (
            "skylift_contract.errors.RunIdError: environment variable RUN of backend 'sagemaker': the orchestrator run ID "
            'still holds a placeholder, so the backend did not substitute it (got \'{"Get": '
            '"Execution.PipelineExecutionArn"}\'). Check that the backend is recent enough and that the document reached '
            "it unchanged."
        )


def test_parameters_joins_and_other_steps_are_put_in_and_nothing_else(cloud: Cloud) -> None:
    told: dict[str, Any] = {
        "A": {
            "Std:Join": {
                "On": "/",
                "Values": ["x", {"Get": "Parameters.Day"}, {"Get": "Execution.PipelineName"}],
            }
        },
        "B": {"Get": "Steps.first.ProcessingJobArn"},
        "C": "{{run}} $(RUN) ${RUN} $RUN",
    }
    code = "import os; print(os.environ['A']); print(os.environ['B']); print(os.environ['C'])"
    parameters = [{"Name": "Day", "Type": "String", "DefaultValue": "monday"}]
    cloud.pipeline("daily", step("second", code, **told), step("first"), parameters=parameters)
    arn = cloud.start("daily", PipelineParameters=[{"Name": "Day", "Value": "friday"}])
    assert cloud.wait(arn) == "Succeeded"
    job = cloud.steps(arn)["first"]["Metadata"]["ProcessingJob"]["Arn"]
    assert cloud.printed_by(arn, "second") == ["x/friday/daily", job, "{{run}} $(RUN) ${RUN} $RUN"]
    with pytest.raises(
        ClientError, match=r"Parameters \['Hour'\] are not defined in the pipeline definition"
    ):
        cloud.start("daily", PipelineParameters=[{"Name": "Hour", "Value": "1"}])


def test_a_failure_says_why_and_what_waits_for_it_is_not_listed(cloud: Cloud) -> None:
    arn = cloud.run(
        step("a", "import sys; sys.exit(3)"), step("after", after=["a"]), step("beside"),
        training_step("train", "open('/opt/ml/output/failure', 'w').write('no data'); raise SystemExit(4)"),
    )  # fmt: skip
    told = cloud.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert told["PipelineExecutionStatus"] == "Failed"
    assert told["FailureReason"] == "Step failure: One or multiple steps failed."
    steps = cloud.steps(arn)
    assert {name: one["StepStatus"] for name, one in steps.items()} == {
        "a": "Failed", "beside": "Succeeded", "train": "Failed",
    }  # fmt: skip
    assert steps["a"]["FailureReason"] == "ClientError: AlgorithmError: See job logs for more information"
    assert steps["train"]["FailureReason"] == "ClientError: AlgorithmError: no data, exit code: 4"


def test_a_stop_ends_what_runs_and_begins_nothing_new(cloud: Cloud, fifo: Fifo) -> None:
    cloud.pipeline("daily", step("a", fifo.code), step("b", after=["a"]))
    arn = cloud.start("daily")
    fifo.wait()
    assert cloud.status(arn) == "Executing"
    assert cloud.steps(arn)["a"]["StepStatus"] == "Executing"
    for _ in range(2):  # the second has the first one's token
        cloud.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=TOKEN)
    assert cloud.wait(arn) == "Stopped"
    assert {name: one["StepStatus"] for name, one in cloud.steps(arn).items()} == {"a": "Stopped"}
    with pytest.raises(
        ClientError,
        match=rf"{re.escape(arn)} status Stopped\. Only pipelines with Executing status can be stopped\.$",
    ):
        cloud.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="u" * 32)


def test_a_retry_is_the_same_execution_and_runs_what_did_not_succeed(cloud: Cloud, fifo: Fifo) -> None:
    cloud.pipeline("daily", step("a", "print('a')"), step("b", fifo.code, ["a"]), step("c", after=["b"]))
    arn = cloud.start("daily")
    fifo.wait()
    fifo.tell("fail")
    assert cloud.wait(arn) == "Failed"
    for _ in range(2):
        told = cloud.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=TOKEN)
        assert told["PipelineExecutionArn"] == arn
    fifo.wait()
    fifo.tell("go on")
    assert cloud.wait(arn) == "Succeeded"
    assert {name: one["AttemptCount"] for name, one in cloud.steps(arn).items()} == {"a": 1, "b": 2, "c": 1}
    assert cloud.printed_by(arn, "a") == ["a"]
    assert cloud.printed_by(arn, "b") == ["go on"]
    assert len(cloud.emulator.executions()) == 1
    with pytest.raises(ClientError, match="Only pipelines with Failed or Stopped status can be retried"):
        cloud.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="u" * 32)


def test_a_token_starts_one_execution(cloud: Cloud) -> None:
    cloud.pipeline("daily", step("a"))
    assert cloud.start("daily", ClientRequestToken=TOKEN) == cloud.start("daily", ClientRequestToken=TOKEN)
    assert cloud.start("daily", ClientRequestToken="u" * 32) != cloud.emulator.executions()[0]
    assert len(cloud.emulator.executions()) == 2


def test_no_more_steps_run_at_once_than_are_asked_for(cloud: Cloud, tmp_path: Path) -> None:
    """Each step sees whether another one is there."""
    here = tmp_path / "here"
    code = f"import os; os.mkdir({str(here)!r}); os.rmdir({str(here)!r})"
    cloud.pipeline("daily", *[step(f"s{n}", code) for n in range(4)])
    arn = cloud.start("daily", ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    assert cloud.wait(arn) == "Succeeded"


def test_two_steps_run_at_once(cloud: Cloud, tmp_path: Path) -> None:
    """Each waits for the other."""
    os.mkfifo(one := tmp_path / "one")
    cloud.pipeline(
        "daily", step("a", f"open({str(one)!r}).read()"), step("b", f"open({str(one)!r}, 'w').close()")
    )
    assert cloud.wait(cloud.start("daily")) == "Succeeded"


def test_steps_are_listed_in_pages(cloud: Cloud) -> None:
    arn = cloud.run(*[step(f"s{n}", after=[f"s{n - 1}"] if n else []) for n in range(5)])
    first = cloud.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, MaxResults=3)
    rest = cloud.sagemaker.list_pipeline_execution_steps(
        PipelineExecutionArn=arn, MaxResults=3, NextToken=first["NextToken"]
    )
    names = [one["StepName"] for found in (first, rest) for one in found["PipelineExecutionSteps"]]
    assert names == ["s4", "s3", "s2", "s1", "s0"]
    assert "NextToken" not in rest


def test_executions_are_listed_newest_first_with_their_reasons(cloud: Cloud) -> None:
    cloud.pipeline("daily", step("a", "raise SystemExit(1)"))
    arns = [cloud.start("daily", PipelineExecutionDisplayName=name) for name in ("one", "two")]
    assert {cloud.wait(arn) for arn in arns} == {"Failed"}
    found = cloud.sagemaker.list_pipeline_executions(PipelineName="daily")["PipelineExecutionSummaries"]
    assert [one["PipelineExecutionArn"] for one in found] == arns[::-1]
    assert [one["PipelineExecutionDisplayName"] for one in found] == ["two", "one"]
    assert found[0]["PipelineExecutionFailureReason"] == "Step failure: One or multiple steps failed."
    after = cloud.sagemaker.list_pipeline_executions(PipelineName="daily", CreatedAfter=found[1]["StartTime"])
    assert arns[1] in [one["PipelineExecutionArn"] for one in after["PipelineExecutionSummaries"]]


def test_an_execution_that_is_not_there(cloud: Cloud) -> None:
    arn = "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/daily/execution/abcdefghijkl"
    with pytest.raises(
        ClientError, match=rf"\(ResourceNotFound\) .*: Pipeline execution with ARN {arn} does not exist"
    ):
        cloud.status(arn)


def test_a_step_reaches_s3_with_what_the_emulator_gives_it(cloud: Cloud) -> None:
    """And with nothing of the person's who runs it: boto3 finds all it needs in its variables."""
    cloud.emulator.make_bucket("artifacts", REGION)
    code = "import boto3; boto3.client('s3').put_object(Bucket='artifacts', Key='a', Body=b'from a step')"
    arn = cloud.run(step("a", code))
    assert cloud.status(arn) == "Succeeded"
    assert cloud.s3.get_object(Bucket="artifacts", Key="a")["Body"].read() == b"from a step"


def test_a_step_has_no_variable_of_the_emulators_own(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "1")
    arn = cloud.run(step("a", "import os; print(sorted(os.environ))", GIVEN="1"))
    (line,) = cloud.printed_by(arn, "a")
    assert "'GIVEN'" in line
    assert "MINE" not in line
