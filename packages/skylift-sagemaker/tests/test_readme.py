"""The policies that people copy name every call that is made, and no operation that there is not."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

from skylift_sagemaker_model import model

from skylift_sagemaker.config import SagemakerOrchestratorConfig

PACKAGE = Path(__file__).parents[1]
TEXT = (PACKAGE / "README.md").read_text()
CLIENT = (PACKAGE / "src" / "skylift_sagemaker" / "client.py").read_text()

NO_PERMISSION = {"sts:GetCallerIdentity"}
"""What anybody may ask."""


def policies() -> list[dict[str, Any]]:
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]


def actions(policy: dict[str, Any]) -> set[str]:
    found = [one["Action"] for one in policy["Statement"]]
    return {action for one in found for action in ([one] if isinstance(one, str) else one)}


def called() -> set[str]:
    """Every operation that the client's source names."""
    found = set(re.findall(r'"(sagemaker|scheduler|logs|s3|sts|iam)",\s*"(\w+)"', CLIENT))
    found |= {
        ("sagemaker", f"{verb}{kind}{noun}")
        for verb, noun in re.findall(r'"sagemaker",\s*f"(\w+)\{kind\}(Jobs?)"', CLIENT)
        for kind in ("Processing", "Training")
    }
    return {f"{service}:{operation}" for service, operation in found}


def test_there_are_three_policies() -> None:
    assert len(policies()) == 3


def test_whoever_submits_may_do_all_that_is_called() -> None:
    submitter, _, _ = policies()
    assert len(called()) > 25
    assert called() - NO_PERMISSION - actions(submitter) == set()


def test_nobody_may_do_what_there_is_not() -> None:
    for action in {action for policy in policies() for action in actions(policy)}:
        service, _, operation = action.partition(":")
        if service in {"sagemaker", "scheduler", "logs"}:
            assert operation in model(service)["operations"], action


def test_the_scheduler_may_start_pipelines_and_nothing_else() -> None:
    *_, scheduler = policies()
    assert actions(scheduler) == {"sagemaker:StartPipelineExecution"}


def test_the_policy_of_schedules_is_of_the_group_that_they_are_in_unless_another_is_named() -> None:
    submitter, _, _ = policies()
    (about,) = (one["Resource"] for one in submitter["Statement"] if one["Sid"] == "Schedules")
    group = SagemakerOrchestratorConfig.model_fields["schedule_group"].default
    assert about.endswith(f":schedule/{group}/skylift-*")
    assert f"`{about.replace(f'/{group}/', '/GROUP/')}`" in TEXT


def test_the_page_registers_what_runs() -> None:
    """Its image too, without which each step has to name its own."""
    page = (PACKAGE.parents[1] / "docs" / "sagemaker.md").read_text()
    found = re.search(
        r"\$ skylift orchestrator register sagemaker --flavor=sagemaker (.*?[^\\])\n", page, re.DOTALL
    )
    assert found is not None
    words = shlex.split(found[1].replace("\\\n", " "))
    options = dict(word.removeprefix("--").split("=", 1) for word in words)
    config = SagemakerOrchestratorConfig.parse(options)
    assert config.image is not None
    assert config.region is not None
    assert f".{config.region}." in config.image
