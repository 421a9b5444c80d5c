"""The only file that imports boto3, when it is first used: one method per API call, the contract's errors."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from skylift_contract.errors import NotFound
from skylift_sagemaker.sdk_errors import failure, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

ATTEMPTS: Final = 5
"""Of one call: a lost connection and throttling are tried again, with the same token."""

TIMEOUT_S: Final = 30

IAM_TIMEOUT_S: Final = 5
"""Of one attempt: IAM has no endpoint in most VPCs, and what it is asked can also stay unknown."""


class Access(Protocol):
    """As whom, and where, AWS is called: the orchestrator's options of these names, None for boto3's own."""

    @property
    def region(self) -> str | None: ...
    @property
    def aws_profile(self) -> str | None: ...
    @property
    def assume_role(self) -> str | None: ...


class SagemakerClient:
    """AWS, as the options say; made without a call, and for several threads at once."""

    def __init__(self, config: Access) -> None:
        self._config = config
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    @cached_property
    def _session(self) -> Any:
        boto3: Any = import_module("boto3")
        options = {"profile_name": self._config.aws_profile, "region_name": self._config.region}
        try:
            session = boto3.Session(**options)
        except Exception as error:
            raise self._own(error, "credentials") from error
        return self._assumed(session) if self._config.assume_role else session

    def _assumed(self, session: Any) -> Any:
        """A session with another role's credentials: fetched when needed, renewed before they end."""
        credentials: Any = import_module("botocore.credentials")
        botocore: Any = import_module("botocore.session")
        boto3: Any = import_module("boto3")
        fetcher = credentials.AssumeRoleCredentialFetcher(
            client_creator=session.client,
            source_credentials=session.get_credentials(),
            role_arn=self._config.assume_role,
            extra_args={"RoleSessionName": f"skylift-{os.getpid()}"},
        )
        found = botocore.get_session()
        found._credentials = credentials.DeferredRefreshableCredentials(  # noqa: SLF001 -- there is no other way
            fetcher.fetch_credentials, "assume-role"
        )
        return boto3.Session(botocore_session=found, region_name=session.region_name)

    @property
    def region(self) -> str:
        """Raises `ConfigurationError` where none is configured."""
        return str(self._client("sagemaker").meta.region_name)

    def _client(self, service: str) -> Any:
        """Made in one thread at a time, as boto3 asks of those who share a session.

        Source: boto3.amazonaws.com/v1/documentation/api/latest/guide/session.html
        """
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def _made(self, service: str) -> Any:
        config: Any = import_module("botocore.config")
        attempts, timeout = (1, IAM_TIMEOUT_S) if service == "iam" else (ATTEMPTS, TIMEOUT_S)
        own = config.Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=timeout,
            read_timeout=timeout,
        )
        try:
            return self._session.client(service, config=own)
        except Exception as error:
            raise self._own(error, service) from error

    def _call(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        client, named = self._client(service), f"{service}:{operation}"
        exceptions: Any = import_module("botocore.exceptions")
        parsers: Any = import_module("botocore.parsers")
        try:
            return getattr(client, _method(operation))(**request)
        except exceptions.ClientError as error:
            raise refusal(error.response, named) from error
        except (exceptions.BotoCoreError, parsers.ResponseParserError) as error:
            raise failure(error, named) from error

    def _own(self, error: Exception, operation: str) -> Exception:
        """The contract's error for one of the SDK's; any other is a fault of ours, and stays as it is."""
        exceptions: Any = import_module("botocore.exceptions")
        return failure(error, f"aws:{operation}") if isinstance(error, exceptions.BotoCoreError) else error

    def _pages(self, service: str, operation: str, key: str, **request: Any) -> Iterator[dict[str, Any]]:
        """What a listing holds, page after page as far as is read."""
        token: dict[str, str] = {}
        while True:
            page = self._call(service, operation, **request, **token)
            yield from page.get(key, ())
            if not (following := page.get("NextToken")):
                return
            token = {"NextToken": following}

    def caller(self) -> str:
        """The account that the credentials are of: `sts:GetCallerIdentity`, which needs no permission."""
        return str(self._call("sts", "GetCallerIdentity")["Account"])

    def trust_policy(self, role: str) -> dict[str, Any]:
        """Of a role, by its name: who may assume it."""
        return self._call("iam", "GetRole", RoleName=role)["Role"]["AssumeRolePolicyDocument"]

    def decision(self, role: str, action: str, resource: str) -> str:
        """`allowed`, `explicitDeny` or `implicitDeny`: whether a role may do that, all by their ARNs."""
        found = self._call(
            "iam",
            "SimulatePrincipalPolicy",
            PolicySourceArn=role,
            ActionNames=[action],
            ResourceArns=[resource],
        )
        return str(found["EvaluationResults"][0]["EvalDecision"])

    def describe_pipeline(self, name: str) -> dict[str, Any] | None:
        """None where there is none."""
        return self._found("sagemaker", "DescribePipeline", PipelineName=name)

    def create_pipeline(self, **request: Any) -> str:
        """The pipeline's ARN."""
        return str(self._call("sagemaker", "CreatePipeline", **request)["PipelineArn"])

    def update_pipeline(self, **request: Any) -> tuple[str, int | None]:
        """The pipeline's ARN, and the version that it has now, where that is told."""
        answer = self._call("sagemaker", "UpdatePipeline", **request)
        return str(answer["PipelineArn"]), answer.get("PipelineVersionId")

    def delete_pipeline(self, name: str, token: str) -> None:
        self._call("sagemaker", "DeletePipeline", PipelineName=name, ClientRequestToken=token)

    def pipelines(self, prefix: str) -> Iterator[dict[str, Any]]:
        """Those whose names begin so; the service takes no prefix that ends with a dash, as no name does."""
        known = prefix.rstrip("-")
        found = self._pages(
            "sagemaker", "ListPipelines", "PipelineSummaries", PipelineNamePrefix=known, MaxResults=100
        )
        return (one for one in found if str(one["PipelineName"]).startswith(prefix))

    def tags(self, arn: str) -> dict[str, str]:
        found = self._pages("sagemaker", "ListTags", "Tags", ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for tag in found}

    def add_tags(self, arn: str, tags: list[dict[str, str]]) -> None:
        self._call("sagemaker", "AddTags", ResourceArn=arn, Tags=tags)

    def start_execution(self, **request: Any) -> str:
        """The execution's ARN; the same token starts one execution, however often it is sent."""
        return str(self._call("sagemaker", "StartPipelineExecution", **request)["PipelineExecutionArn"])

    def describe_execution(self, arn: str) -> dict[str, Any]:
        return self._call("sagemaker", "DescribePipelineExecution", PipelineExecutionArn=arn)

    def execution_steps(self, arn: str) -> Iterator[dict[str, Any]]:
        return self._pages(
            "sagemaker",
            "ListPipelineExecutionSteps",
            "PipelineExecutionSteps",
            PipelineExecutionArn=arn,
            MaxResults=100,
        )

    def executions(self, pipeline: str, **request: Any) -> Iterator[dict[str, Any]]:
        """Newest first."""
        ordered = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100}
        return self._pages(
            "sagemaker",
            "ListPipelineExecutions",
            "PipelineExecutionSummaries",
            PipelineName=pipeline,
            **ordered,
            **request,
        )

    def stop_execution(self, arn: str, token: str) -> None:
        self._call("sagemaker", "StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken=token)

    def create_job(self, kind: str, request: dict[str, Any]) -> str:
        """The job's ARN; `kind`: Processing or Training."""
        return str(self._call("sagemaker", f"Create{kind}Job", **request)[f"{kind}JobArn"])

    def describe_job(self, kind: str, name: str) -> dict[str, Any]:
        return self._call("sagemaker", f"Describe{kind}Job", **{f"{kind}JobName": name})

    def stop_job(self, kind: str, name: str) -> None:
        self._call("sagemaker", f"Stop{kind}Job", **{f"{kind}JobName": name})

    def jobs(self, kind: str, part: str) -> Iterator[dict[str, Any]]:
        """Those whose names contain a text."""
        return self._pages("sagemaker", f"List{kind}Jobs", f"{kind}JobSummaries", NameContains=part)

    def get_schedule(self, name: str, group: str) -> dict[str, Any] | None:
        """None where there is none."""
        return self._found("scheduler", "GetSchedule", Name=name, GroupName=group)

    def create_schedule(self, **request: Any) -> str:
        """The schedule's ARN."""
        return str(self._call("scheduler", "CreateSchedule", **request)["ScheduleArn"])

    def update_schedule(self, **request: Any) -> str:
        """As `create_schedule`; what the request leaves out is reset."""
        return str(self._call("scheduler", "UpdateSchedule", **request)["ScheduleArn"])

    def delete_schedule(self, name: str, group: str) -> None:
        self._call("scheduler", "DeleteSchedule", Name=name, GroupName=group)

    def log_streams(self, group: str, prefix: str) -> list[str]:
        """Their names; none where nothing was logged yet."""
        request = {"logGroupName": group, "logStreamNamePrefix": prefix}
        try:
            found = self._call("logs", "DescribeLogStreams", **request)
        except NotFound:
            return []
        return [str(stream["logStreamName"]) for stream in found["logStreams"]]

    def log_events(self, group: str, stream: str, token: str | None) -> tuple[list[str], str]:
        """Messages from a token on, or from the start, and the token of what comes after them."""
        after = {"nextToken": token} if token else {}
        found = self._call(
            "logs", "GetLogEvents", logGroupName=group, logStreamName=stream, startFromHead=True, **after
        )
        return [str(event["message"]) for event in found["events"]], str(found["nextForwardToken"])

    def secret(self, name: str) -> str | None:
        """The text of a secret by its name or ARN; None where it is bytes."""
        found = self._call("secretsmanager", "GetSecretValue", SecretId=name)
        return found.get("SecretString")

    def put_object(self, bucket: str, key: str, content: bytes) -> None:
        self._call("s3", "PutObject", Bucket=bucket, Key=key, Body=content)

    def _found(self, service: str, operation: str, **request: Any) -> dict[str, Any] | None:
        try:
            return self._call(service, operation, **request)
        except NotFound:
            return None


def _method(operation: str) -> str:
    """`describe_pipeline` for `DescribePipeline`."""
    botocore: Any = import_module("botocore")
    return str(botocore.xform_name(operation))
