from __future__ import annotations

import pytest
from docker.models import containers

from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_docker.config import DockerRunSettings
from skylift_docker.run_args import OWNED, RUN_ARGS


def test_run_args_are_the_sdks() -> None:
    """Those of the oldest SDK that is allowed, and of the newest: none may have come or gone unseen."""
    known = {*containers.RUN_CREATE_KWARGS, *containers.RUN_HOST_CONFIG_KWARGS}
    assert known - OWNED.keys() == RUN_ARGS
    assert RUN_ARGS.isdisjoint(OWNED)


def test_a_misspelt_argument_is_refused() -> None:
    expected = (
        r'^settings\["orchestrator\.local_docker"\]\.run_args: '
        r"there is no run argument named 'shm_sise'\. Known: |"
        r'^settings\["orchestrator\.local_docker"\]\.run_args: '
        r"there is no run argument named 'cap_ad'\. Did you mean 'cap_add'\?$"
    )
    with pytest.raises(UnknownName, match=expected):
        DockerRunSettings.parse({"run_args": {"cap_ad": ["SYS_PTRACE"]}})


@pytest.mark.parametrize(
    ("name", "what", "fix"),
    [
        ("mem_limit", "it is set in another way", r"Use ResourceSettings\(memory=…\)\."),
        ("volumes", "it is set in another way", r"Use the setting `mounts`\."),
        ("command", "it is made of the step that the container runs", r"Leave it out\."),
        ("restart_policy", "it is set in another way", r"Use StepRetryConfig\(max_retries=…\)\."),
    ],
)
def test_what_is_set_elsewhere_is_refused(name: str, what: str, fix: str) -> None:
    with pytest.raises(
        ConfigurationError,
        match=rf"^settings\[.orchestrator\.local_docker.\]\.run_args, '{name}': {what}\. {fix}$",
    ):
        DockerRunSettings.parse({"run_args": {name: 1}})
