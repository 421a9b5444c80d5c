from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.enums import ExecutionStatus as Status
from skylift_docker.status import STATES, step_status

OF_THE_API = {"created", "running", "paused", "restarting", "removing", "exited", "dead"}
"""The enum of `ContainerState.Status`."""


def test_every_state_of_the_api_is_in_the_table() -> None:
    assert set(STATES) == OF_THE_API


@given(st.sampled_from(sorted(OF_THE_API)), st.integers(0, 255), st.booleans(), st.text(max_size=9))
def test_the_table_is_total(state: str, code: int, oom: bool, error: str) -> None:
    found = step_status({"Status": state, "ExitCode": code, "OOMKilled": oom, "Error": error})
    assert found.status is not Status.UNKNOWN
    assert found.reason or found.status in {Status.COMPLETED, Status.RUNNING}


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        ({"Status": "created"}, Status.PENDING, "its container is made, and not started"),
        (
            {"Status": "created", "Error": "no such program", "ExitCode": 127},
            Status.FAILED,
            "its container could not be started: no such program",
        ),
        ({"Status": "running"}, Status.RUNNING, ""),
        ({"Status": "paused"}, Status.RUNNING, "its container is paused"),
        ({"Status": "exited", "ExitCode": 0}, Status.COMPLETED, ""),
        ({"Status": "exited", "ExitCode": 0, "OOMKilled": True}, Status.COMPLETED, ""),
        ({"Status": "exited", "ExitCode": 1}, Status.FAILED, "its container ended with exit code 1"),
        (
            {"Status": "exited", "ExitCode": 137},
            Status.FAILED,
            "its container was killed by SIGKILL (exit code 137)",
        ),
        (
            {"Status": "exited", "ExitCode": 137, "OOMKilled": True},
            Status.FAILED,
            "it used more than its memory of 1GB, and was killed (OOM)",
        ),
        ({"Status": "exited", "ExitCode": 143}, Status.STOPPED, "its container was stopped (exit code 143)"),
        (
            {"Status": "dead", "ExitCode": 137},
            Status.FAILED,
            "its container was killed by SIGKILL (exit code 137)",
        ),
        ({"Status": "thawing"}, Status.UNKNOWN, "its container is 'thawing', which is not known here"),
    ],
)
def test_a_state_in_our_words(state: dict[str, Any], status: Status, reason: str) -> None:
    found = step_status(state, "1GB")
    assert (found.status, found.reason) == (status, reason)


def test_without_a_limit_none_is_said() -> None:
    state = {"Status": "exited", "ExitCode": 137, "OOMKilled": True}
    assert step_status(state).reason == "it used more than its memory, and was killed (OOM)"
