"""How a step learns which run it belongs to.

A backend gives each run an id of its own; a flavor says, as data, where a step finds it.
The container evaluates that data with this module alone: no plugin, no SDK. From it,

    run id = uuid5(SKYLIFT_RUNS, flavor + newline + orchestrator run id)

so that every step, the submitting client and a firing of a schedule arrive at the same
run without talking to each other.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID, uuid5

from pydantic import Field

from skylift_contract.errors import RunIdError
from skylift_contract.model import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SKYLIFT_RUNS: Final = UUID("4b1f9d0e-6a53-5f0c-9d55-3c7b8a1e2f60")
"""The namespace of run ids. Changing it would part every store from its runs."""

RUN_ID_LIMIT: Final = 250
"""Characters; the documented limit of an orchestrator run ID."""

RUN_ID_ENV: Final = "SKYLIFT_ORCHESTRATOR_RUN_ID"
"""The canonical id, set only on what is started from inside a run; wins over every source."""

RUN_OWNER_ENV: Final = "SKYLIFT_RUN_OWNER"
"""What makes a backend's own id unique in a shared store; a constant of the compiled document."""

PLACEHOLDERS: Final = ("{{", "$(", "${", '{"Get"')
"""How backends spell what they should have substituted before the step started."""

Scope: TypeAlias = Literal["run", "job"]


class Env(Frozen):
    """An environment variable; `scope="job"` when each step's job has a value of its own."""

    kind: Literal["env"] = "env"
    name: str
    scope: Scope = "run"

    def describe(self) -> str:
        return f"environment variable {self.name}"

    def read(self, environment: Mapping[str, str], arguments: Mapping[str, str]) -> str | None:  # noqa: ARG002
        return environment.get(self.name)


class Argument(Frozen):
    """A `--set NAME=VALUE` that the backend substitutes on the runtime's command line."""

    kind: Literal["argument"] = "argument"
    name: str
    scope: Scope = "run"

    def describe(self) -> str:
        return f"argument --set {self.name}=…"

    def read(self, environment: Mapping[str, str], arguments: Mapping[str, str]) -> str | None:  # noqa: ARG002
        return arguments.get(self.name)


class JsonFile(Frozen):
    """A value in a JSON file the backend provides; `pointer` as in RFC 6901: `/a/b/0`."""

    kind: Literal["json_file"] = "json_file"
    path: str
    pointer: str
    scope: Scope = "run"

    def describe(self) -> str:
        return f"{self.path}#{self.pointer}"

    def read(self, environment: Mapping[str, str], arguments: Mapping[str, str]) -> str | None:  # noqa: ARG002
        try:
            node: Any = json.loads(Path(self.path).read_bytes())
            for token in self.pointer.removeprefix("/").split("/"):
                key = token.replace("~1", "/").replace("~0", "~")
                node = _member(node, key)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise self._refused(str(error)) from error
        if isinstance(node, bool) or not isinstance(node, str | int):
            raise self._refused(node)
        return str(node)

    def _refused(self, value: Any) -> RunIdError:
        what = "the file the backend provides does not hold a run ID"
        return RunIdError(what, who=self.describe(), value=value)


def _member(node: Any, key: str) -> Any:
    if isinstance(node, str):
        raise TypeError(f"{key!r} of a text")
    return node[key] if hasattr(node, "keys") else node[int(key)]


RunIdSource: TypeAlias = Annotated[Env | Argument | JsonFile, Field(discriminator="kind")]


def find_orchestrator_run_id(
    sources: Sequence[Env | Argument | JsonFile],
    *,
    backend: str,
    dynamic: bool,
    environment: Mapping[str, str] | None = None,
    arguments: Mapping[str, str] | None = None,
) -> str:
    """Return the canonical orchestrator run ID of the run this process belongs to.

    `RUN_ID_ENV` wins; then the sources in their order. In a static pipeline a source of
    scope "job" is never read: it would split one run into as many as there are steps.

    Raises `RunIdError`, naming the sources and the backend, when there is none, when it
    is too long, or when it still holds a placeholder.
    """
    environment = os.environ if environment is None else environment
    if inherited := environment.get(RUN_ID_ENV):
        return checked(inherited, who=f"environment variable {RUN_ID_ENV}", backend=backend)
    usable = [source for source in sources if dynamic or source.scope == "run"]
    for source in usable:
        if raw := source.read(environment, arguments or {}):
            return canonical(
                raw, owner=environment.get(RUN_OWNER_ENV, ""), who=source.describe(), backend=backend
            )
    raise _missing(sources, usable, backend)


def _missing(sources: Sequence[Any], usable: Sequence[Any], backend: str) -> RunIdError:
    left_out = [source.describe() for source in sources if source not in usable]
    note = f" ({', '.join(left_out)}: one per job, so of no use in a static pipeline)" if left_out else ""
    looked = ", ".join([RUN_ID_ENV, *(source.describe() for source in usable)])
    return RunIdError(
        f"no orchestrator run ID: looked in {looked}{note}",
        who=f"backend {backend!r}",
        fix="Start the step through its orchestrator, which provides it.",
    )


def canonical(raw: str, *, owner: str = "", who: str = "orchestrator run ID", backend: str = "") -> str:
    """What step and client both make of the backend's id: `owner/raw`, or `raw` where it owns itself."""
    raw = checked(raw, who=who, backend=backend)
    return checked(f"{owner}/{raw}", who=who, backend=backend) if owner else raw


def checked(value: str, *, who: str, backend: str) -> str:
    """Return the stripped id, or raise `RunIdError`."""
    who = f"{who} of backend {backend!r}" if backend else who
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance] -- a plugin's own code returned it
        raise RunIdError("the orchestrator run ID is not text", who=who, value=value)
    value = value.strip()
    if not value:
        raise RunIdError("the orchestrator run ID is empty", who=who)
    if any(mark in value for mark in PLACEHOLDERS):
        raise RunIdError(
            "the orchestrator run ID still holds a placeholder, so the backend did not substitute it",
            who=who,
            value=value,
            fix="Check that the backend is recent enough and that the document reached it unchanged.",
        )
    if len(value) > RUN_ID_LIMIT:
        raise RunIdError(
            f"the orchestrator run ID has {len(value)} characters", who=who, value=value, limit=RUN_ID_LIMIT
        )
    return value


def run_id(flavor: str, orchestrator_run_id: str) -> UUID:
    """The meeting point: a pure function of the backend's own id."""
    return uuid5(SKYLIFT_RUNS, f"{flavor}\n{orchestrator_run_id}")


def sub_run_id(parent: UUID, invocation_id: str) -> UUID:
    """The run of a pipeline that is called inside a dynamic one."""
    return uuid5(SKYLIFT_RUNS, f"{parent}\n{invocation_id}")


def cached_run_id(submission_id: str) -> UUID:
    """The run of a submission of which nothing was left to run."""
    return uuid5(SKYLIFT_RUNS, f"cached\n{submission_id}")
