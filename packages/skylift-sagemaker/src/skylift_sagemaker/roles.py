"""Whether EventBridge Scheduler can start a pipeline as a role, asked of IAM before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import BackendError, ConfigurationError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from skylift_sagemaker.client import SagemakerClient

WHO: Final = "SagemakerOrchestratorConfig.scheduler_role"
SCHEDULER: Final = "scheduler.amazonaws.com"
STARTS: Final = "sagemaker:StartPipelineExecution"
POLICY: Final = "the package's README has the role's policy"


def check_scheduler_role(client: SagemakerClient, role: str, pipeline: str) -> tuple[str, ...]:
    """What of it could not be asked, a sentence for each; `pipeline`: its ARN, whether or not it is there.

    Raises `ConfigurationError` for a role that there is not, that the scheduler may not assume, or
    that may not start the pipeline.
    """
    checks: dict[str, Callable[[], None]] = {
        f"whether {SCHEDULER} may assume {role}": lambda: _check_trust(client, role),
        f"whether {role} may start pipelines": lambda: _check_right(client, role, pipeline),
    }
    return tuple(_unasked(checks))


def _unasked(checks: Mapping[str, Callable[[], None]]) -> Iterator[str]:
    for what, check in checks.items():
        try:
            check()
        except BackendError as error:
            yield f"it was not checked {what}: {error}"


def _check_trust(client: SagemakerClient, role: str) -> None:
    try:
        policy = client.trust_policy(role.rpartition("/")[2])
    except NotFound as error:
        raise ConfigurationError(
            "there is no such role", who=WHO, value=role, fix=f"Make it: {POLICY}."
        ) from error
    if not trusts(policy, SCHEDULER):
        raise ConfigurationError(
            "EventBridge Scheduler may not assume it",
            who=WHO,
            value=role,
            fix=f"Have its trust policy allow sts:AssumeRole to the service {SCHEDULER}.",
        )


def _check_right(client: SagemakerClient, role: str, pipeline: str) -> None:
    decision = client.decision(role, STARTS, pipeline)
    if decision != "allowed":
        raise ConfigurationError(
            f"it may not start the pipeline: IAM's answer to {STARTS} on {pipeline} is {decision}",
            who=WHO,
            value=role,
            fix=f"Grant it: {POLICY}.",
        )


def trusts(policy: Mapping[str, Any], service: str) -> bool:
    """Whether a trust policy names the service, whatever its conditions are."""
    return any(
        statement.get("Effect") == "Allow"
        and {"sts:AssumeRole", "sts:*", "*"} & set(_listed(statement.get("Action")))
        and {service, "*"} & set(_services(statement.get("Principal")))
        for statement in _listed(policy.get("Statement"))
    )


def _services(principal: Any) -> list[Any]:
    return _listed(principal.get("Service") if hasattr(principal, "get") else principal)


def _listed(value: Any) -> list[Any]:
    """Policies leave out the brackets of a list of one."""
    if value is None:
        return []
    return [*value] if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType] -- JSON
