"""Every error class, with fields such as it is raised with: its sentence, its fix, its pickle.

A class that is new fails here until `SAMPLES` shows one of it.
"""

from __future__ import annotations

import pickle
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Final

import pytest

import skylift
import skylift_contract
from skylift.authoring.parameters import NotJson
from skylift.cli.diff import Trouble
from skylift.cli.stdout import OutputFailed
from skylift.installer import InstallFailed
from skylift.named import UnknownKey
from skylift.store.transport import OutcomeUnknown
from skylift_contract import errors, refusals
from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

RUN: Final = "3f9ad2c1-0000-5000-8000-000000000000"
RETRY: Final = "Try again."
SAMPLES: Final = (
    SkyliftError("it is wrong", who="x", value={"a": (1, None)}, limit="less", fix="Correct it."),
    errors.ConfigurationError("it is no time", who="--once", value="now", fix="--once 2030-01-31T02:00Z"),
    errors.UnknownName(
        "flavor", "locl", ["local", "folder"], who="skylift.toml", fix="See: skylift stack list"
    ),
    errors.AuthoringError("it returns nothing", who="step 'train'", fix="Annotate it with -> None."),
    refusals.Refused("local", ["step 'a': it is no user. Name one.", "step 'b': too much. Ask for less."]),
    errors.DiscoveryError("it fails to import", who="flavor 'x'", fix="Upgrade it."),
    errors.FlavorNotFound("no installed package brings it", who="flavor 'x'", fix="Install it."),
    errors.FlavorConflict("a and b both claim it", who="flavor 'x'", fix="Uninstall one of them."),
    errors.FlavorBroken("it is no BaseOrchestratorFlavor", who="flavor 'x'", fix="Subclass it."),
    errors.ContractMismatch(
        "it was made for contract 2", who="flavor 'x'", limit="1", fix="Upgrade skylift."
    ),
    errors.UnsupportedCapability("local", ["GPU: step 'a' asks for one"], fix="Choose another stack."),
    errors.LimitExceeded("it is too long", who="step 'a'", value=300, limit=256, fix="Shorten it."),
    errors.CompilationError("it has a cycle", who="pipeline 'p'", fix="Break it."),
    errors.ReplayDiverged("call 2 is 'b' now, and was 'a'", who="pipeline 'p'", fix="Start a new run."),
    errors.RunIdError("it is not set", who="MY_RUN_ID", fix="Start the step through its backend."),
    errors.BackendError("it is on fire", operation="x:Start", code="500", fix=RETRY),
    errors.AuthenticationError("no credentials", operation="x:Start", fix="Log in."),
    errors.PermissionDenied("not allowed", operation="x:Start", code="403", fix="Ask for the role."),
    errors.QuotaExceeded("too many jobs", operation="x:Start", code="429", fix="Ask for more."),
    errors.NotFound("no such job", operation="x:Get", code="404", fix="See: skylift runs list"),
    errors.Transient("try later", operation="x:Start", code="503", fix=RETRY),
    errors.StoreError("it cannot be read", who="run.json", fix=RETRY),
    errors.StoreUnavailable("it cannot be reached", who="s3://b", fix="Check its region."),
    errors.RecordTooNew("it has major 2", who="run.json", limit=1, fix="Upgrade skylift."),
    errors.DamagedObject("it is no JSON", who="run.json", fix="Restore it."),
    errors.MaterializationError(
        "it cannot be stored", who="step 'a'", value=[1], fix="Return something else."
    ),
    errors.StepFailed("train", "ValueError: oh", traceback="Traceback …", fix="See its log."),
    errors.RunFailed(RUN, "step 'train': ValueError: oh"),
    errors.RunGoesOn("it goes on", who=f"run {RUN}", fix=f"Then: skylift runs watch {RUN}"),
    errors.RunStopped("it was stopped", who=f"run {RUN}", fix=f"Go on with: skylift runs why {RUN}"),
    UnknownKey("step", "trian", ["train", "load"], who=f"run {RUN}"),
    NotJson("it is no JSON", who="parameter 'x'", fix="Give a number."),
    Trouble(errors.ConfigurationError("there is no run yet", who="file:///s", fix="See: skylift runs list")),
    OutputFailed("it is closed", who="stdout", fix="Send it to a file."),
    OutcomeUnknown("the connection was lost", who="run.json", fix="Try again."),
    InstallFailed("pip said no", who="integration 'aws'", fix="Name an index."),
)


def subclasses(kind: type[SkyliftError]) -> Iterator[type[SkyliftError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from subclasses(below)


def import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def test_each_class_has_a_sample() -> None:
    import_all(skylift)
    import_all(skylift_contract)
    ours = {one for one in subclasses(SkyliftError) if one.__module__.startswith("skylift")}
    product = {one for one in ours if not one.__module__.startswith(("skylift_tests", "skylift_testkit"))}
    assert product == {type(sample) for sample in SAMPLES}


ONE_LINE: Final = [error for error in SAMPLES if not isinstance(error, refusals.Refused)]
"""All but what holds the sentences of several, a line each."""


@pytest.mark.parametrize("error", ONE_LINE, ids=lambda error: type(error).__name__)
def test_it_says_in_one_line_what_is_wrong_and_what_to_do(error: SkyliftError) -> None:
    sentence = str(error)
    assert sentence == error.sentence()
    assert "\n" not in sentence
    assert error.fix
    clause, _, fix = sentence.partition(error.fix)
    assert fix == ""
    assert clause.endswith((". ", "? "))
    assert error.who in clause
    assert error.what in clause


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_it_survives_pickling(error: SkyliftError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert (str(back), vars(back)) == (str(error), vars(error))
    assert back.exit_code == error.exit_code
