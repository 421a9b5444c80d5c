from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract import errors, refusals
from skylift_contract.errors import LONGEST_SHOWN, SkyliftError, UnknownName

SENTENCES = [
    (SkyliftError("it is wrong"), "it is wrong."),
    (
        errors.ConfigurationError("it is wrong", who="who", value=1, limit=2, fix="Mend it."),
        "who: it is wrong (got 1, limit: 2). Mend it.",
    ),
    (errors.AuthoringError("a step calls itself", who="step 'a'"), "step 'a': a step calls itself."),
    (errors.DiscoveryError("it is wrong?", fix="Mend it."), "it is wrong? Mend it."),
    (errors.FlavorNotFound("it is not installed", value="gcp"), "it is not installed (got 'gcp')."),
    (errors.FlavorConflict("two packages claim it", who="flavor 'a'"), "flavor 'a': two packages claim it."),
    (errors.FlavorBroken("it does not import", who="flavor 'a'"), "flavor 'a': it does not import."),
    (errors.ContractMismatch("it is older", value=1, limit=2), "it is older (got 1, limit: 2)."),
    (errors.LimitExceeded("too many", value=0, limit=1), "too many (got 0, limit: 1)."),
    (errors.CompilationError("it cannot be said", who="step 'a'"), "step 'a': it cannot be said."),
    (errors.ReplayDiverged("it calls b", who="pipeline 'p'"), "pipeline 'p': it calls b."),
    (errors.RunIdError("AWS_X is not set", fix="Start it by AWS."), "AWS_X is not set. Start it by AWS."),
    (errors.StoreError("it is wrong", value=""), "it is wrong (got '')."),
    (errors.StoreUnavailable("no such bucket", who="s3://b"), "s3://b: no such bucket."),
    (errors.RecordTooNew("it is of version 9", limit=1), "it is of version 9 (limit: 1)."),
    (errors.DamagedObject("its bytes differ", who="artifacts/1"), "artifacts/1: its bytes differ."),
    (errors.MaterializationError("no JSON", who="output 'a'"), "output 'a': no JSON."),
    (errors.RunGoesOn("it goes on", who="run 1"), "run 1: it goes on."),
    (errors.RunStopped("it was stopped", who="run 1"), "run 1: it was stopped."),
    (
        errors.UnknownName("flavor", "sagmaker", ["local", "sagemaker"], who="stack 'a'"),
        "stack 'a': there is no flavor named 'sagmaker'. Did you mean 'sagemaker'?",
    ),
    (
        errors.UnknownName("step", "x", ["train", "load"], fix="See the pipeline."),
        "there is no step named 'x'. Known: train, load. See the pipeline.",
    ),
    (errors.UnknownName("stack", "x", []), "there is no stack named 'x'. Known: none."),
    (
        errors.UnsupportedCapability("vertex", ["step 'a': no GPU", "a schedule: none"], fix="Use another."),
        "flavor 'vertex': it cannot run this pipeline: step 'a': no GPU; a schedule: none. Use another.",
    ),
    (
        refusals.Refused("local", ["step 'a': too many.", "x:Get: gone."]),
        "flavor 'local': it cannot run this pipeline, for 2 reasons:\n- step 'a': too many.\n- x:Get: gone.",
    ),
    (
        errors.StepFailed("train", "ValueError: no", traceback="Traceback …", fix="See the logs."),
        "step 'train': failed: ValueError: no. See the logs.",
    ),
    (errors.RunFailed("r1", "no quota"), "run r1: failed: no quota. See: skylift runs why r1"),
    *[
        (kind("not allowed", operation="s3:Get", code="403", fix="Ask."), "s3:Get: not allowed [403]. Ask.")
        for kind in (
            errors.BackendError,
            errors.AuthenticationError,
            errors.PermissionDenied,
            errors.QuotaExceeded,
            errors.NotFound,
            errors.Transient,
        )
    ],
    (errors.BackendError("no answer", operation="s3:Get"), "s3:Get: no answer."),
]


@pytest.mark.parametrize(("error", "sentence"), SENTENCES, ids=lambda each: type(each).__name__)
def test_the_sentence_is_built_from_the_fields(error: SkyliftError, sentence: str) -> None:
    assert str(error) == sentence


def _defined() -> dict[str, type[SkyliftError]]:
    classes = [*inspect.getmembers(errors, inspect.isclass), ("Refused", refusals.Refused)]
    return {name: each for name, each in classes if issubclass(each, SkyliftError)}


def test_every_class_has_its_sentence_above() -> None:
    assert {type(error).__name__ for error, _ in SENTENCES} == set(_defined())


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    path = [(-1, "Exception")]
    for line in (errors.__doc__ or "").splitlines():
        name = line.strip(" │├└─").split(" ")[0]
        if name not in _defined():
            continue
        depth = line.index(name)
        path = [step for step in path if step[0] < depth]
        drawn[name] = path[-1][1]
        path.append((depth, name))
    assert drawn == {name: each.__base__.__name__ for name, each in _defined().items() if each.__base__}


def test_a_mistake_of_the_caller_and_a_failure_have_exit_codes_of_their_own() -> None:
    assert errors.UnknownName("flavor", "x", []).exit_code == 2
    assert errors.LimitExceeded("x").exit_code == 2
    assert errors.BackendError("x", operation="y").exit_code == 1
    assert errors.RunStopped("x").exit_code == 130
    assert errors.RunGoesOn("x").exit_code == 75


def test_an_error_keeps_its_parts() -> None:
    error = errors.BackendError("no", operation="s3:Get", code="404")
    assert (error.operation, error.code, error.what, error.who) == ("s3:Get", "404", "no [404]", "s3:Get")
    unknown = errors.UnknownName("step", "trian", iter(["train"]))
    assert (unknown.kind, unknown.name, unknown.known) == ("step", "trian", ("train",))
    assert errors.StepFailed("a", "b", traceback="t").traceback == "t"


@pytest.mark.parametrize("error", [error for error, _ in SENTENCES], ids=lambda error: type(error).__name__)
def test_it_survives_pickling(error: SkyliftError) -> None:
    """A process hands it to another, whatever its own constructor asks for."""
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert (str(back), vars(back)) == (str(error), vars(error))


CELL = """
def deeper(error):
    raise error

deeper(error)
"""
OURS = "def launch(code, names):\n    exec(code, names)\n"


def test_a_notebook_shows_the_callers_lines_and_none_of_ours() -> None:
    ours: dict[str, Any] = {"__name__": "skylift.launch"}
    exec(compile(OURS, "submit.py", "exec"), ours)
    error = errors.AuthoringError("it is wrong", who="step 'a'")
    with pytest.raises(errors.AuthoringError):
        ours["launch"](compile(CELL, "cell.py", "exec"), {"__name__": "__main__", "error": error})
    shown = "\n".join(error._render_traceback_())  # pyright: ignore[reportPrivateUsage] -- the name is IPython's

    assert shown.endswith(
        '  File "cell.py", line 5, in <module>\n  File "cell.py", line 3, in deeper\n'
        "AuthoringError: step 'a': it is wrong."
    )
    assert "submit.py" not in shown


@given(st.text(max_size=2000))
def test_a_value_of_any_length_is_shown_with_both_its_ends(text: str) -> None:
    error = SkyliftError("it is wrong", value=text)
    shown = error.sentence().removeprefix("it is wrong (got ").removesuffix(").")
    assert len(shown) <= LONGEST_SHOWN
    if len(repr(text)) <= LONGEST_SHOWN:
        assert shown == repr(text)
    else:
        assert shown == f"{repr(text)[:100]}…{repr(text)[-99:]}"
    assert error.value == text


def test_a_name_of_any_length_too() -> None:
    sentence = str(UnknownName("stack", "x" * 5000, ["a"]))
    assert sentence == f"there is no stack named 'xx{'x' * 97}…{'x' * 98}'. Known: a."
