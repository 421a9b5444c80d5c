from __future__ import annotations

from operator import itemgetter, methodcaller
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift import Schedule, pipeline, step
from skylift.authoring.trace import tracing
from skylift.runtime.context import StepContext, running
from skylift_contract.errors import AuthoringError, UnknownName


@step
def one() -> int:
    return 1


@step
def add(left: int, right: int = 1) -> int:
    return left + right


@step
def nothing() -> None:
    pass


def is_one_of(handle: Any) -> bool:
    return handle in (True, 1)


def test_outside_a_pipeline_a_call_says_what_to_do() -> None:
    with pytest.raises(
        AuthoringError,
        match=r"^step 'one': it was called outside a pipeline\. Call it in a @pipeline function, "
        r"or one\.entrypoint\(\.\.\.\) to run it plainly\.$",
    ):
        one()


def test_inside_a_step_a_call_says_what_to_do() -> None:
    context = StepContext(
        run_id="r", orchestrator_run_id="r", pipeline="p", step="s", invocation="s", attempt=1
    )
    with (
        running(context),
        pytest.raises(
            AuthoringError,
            match=r"^step 'one': it was called inside a step\. Call it in the pipeline's function; here, "
            r"one\.entrypoint\(\.\.\.\)\.$",
        ),
    ):
        one()


def test_the_function_itself_stays_callable() -> None:
    assert add.entrypoint(2, right=3) == 5


def test_arguments_that_do_not_fit_are_refused_with_the_signature() -> None:
    with (
        tracing("p"),
        pytest.raises(
            AuthoringError,
            match=r"^step 'add': got an unexpected keyword argument 'rihgt'\. It is add\(left: ",
        ),
    ):
        add(1, rihgt=2)


def test_ids_count_up_and_can_be_chosen() -> None:
    with tracing("p") as trace:
        one()
        one()
        one(id="mine")
        one()

    assert list(trace.calls) == ["one", "one_2", "mine", "one_3"]


def test_an_id_that_a_later_call_would_get_is_stepped_over() -> None:
    with tracing("p") as trace:
        one(id="one_2")
        one()
        one()

    assert list(trace.calls) == ["one_2", "one", "one_3"]


def test_one_id_twice_is_refused() -> None:
    with tracing("p"):
        one(id="x")
        with pytest.raises(AuthoringError, match="two calls have one id"):
            one(id="x")


@given(st.lists(st.sampled_from([None, "one", "one_2", "one_3", "other"]), max_size=12))
def test_ids_are_distinct_whatever_is_asked_for(asked: list[str | None]) -> None:
    with tracing("p") as trace:
        calls = 0
        for name in asked:
            if name not in trace.calls:
                one(id=name)
                calls += 1
    assert len(trace.calls) == calls


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        (bool, "there is no value yet to decide on"),
        (list, "there is no value yet to unpack or loop over"),
        (len, "there is no value yet to take the length of"),
        (itemgetter(0), "there is no value yet to index"),
        (methodcaller("load"), "there is no value yet to load"),
        (is_one_of, "there is no value yet to compare"),
        (methodcaller("__gt__", 3), "there is no value yet to compare"),
        (methodcaller("__add__", 3), "there is no value yet to calculate with"),
        (format, "there is no value yet to put into text"),
    ],
)
def test_a_handle_is_no_value(use: Any, sentence: str) -> None:
    with tracing("p"), pytest.raises(AuthoringError, match=rf"{sentence}.*\. Do it inside a step, and pass"):
        use(one())


def test_an_option_that_is_misspelt_is_refused_when_decorating() -> None:
    with pytest.raises(
        UnknownName, match=r"^step 'one': there is no option named 'retires'\. Did you mean 'retry'\?$"
    ):
        step(retires=2)(one.entrypoint)


def test_with_options_merges_and_leaves_the_first_alone() -> None:
    changed = add.with_options(environment={"A": "1"}).with_options(environment={"B": "2"}, name="plus")

    assert changed.options.environment == {"A": "1", "B": "2"}
    assert (changed.name, add.name) == ("plus", "add")
    assert add.options.environment == {}


def _generator() -> Any:
    yield 1


async def _coroutine() -> int:
    return 1


def _variadic(*values: int) -> int:
    return len(values)


def _reserved(after: int) -> int:
    return after


def _positional(value: int, /) -> int:
    return value


class Model: ...


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (_generator, "it is a generator"),
        (_coroutine, "it is async"),
        (_variadic, r"its inputs must be named one by one \(got '\*values'\)\. Name each input\.$"),
        (
            _positional,
            r"its inputs are passed by name, and one is positional-only \(got 'value'\)\. Take the `/` out",
        ),
        (Model, r"^\w+ 'Model': it is no function \(got <class .*Model'>\)\. Decorate a function\.$"),
        (3, r"it is no function \(got 3\)"),
    ],
)
@pytest.mark.parametrize("decorator", [step, pipeline])
def test_what_could_never_run_is_refused_when_decorating(
    decorator: Any, function: Any, sentence: str
) -> None:
    with pytest.raises(AuthoringError, match=sentence):
        decorator(function)


def test_a_word_that_a_call_takes_for_itself_is_refused_of_steps_alone() -> None:
    with pytest.raises(
        AuthoringError, match=r"^step '_reserved': 'after' is what a call of a step takes for itself\. Rename"
    ):
        step(_reserved)
    assert pipeline(_reserved).name == "_reserved"


def test_after_takes_ids_handles_and_lists_of_them() -> None:
    with tracing("p") as trace:
        first, second = one(), nothing()
        add(1, after=["one", first, second, (first,)])

    assert trace.calls["add"].after == ("one", "nothing")


def test_after_of_something_else_is_refused() -> None:
    with (
        tracing("p"),
        pytest.raises(AuthoringError, match=r"`after` takes what calls of steps returned.*\(got 3\)"),
    ):
        one(after=3)


def test_a_pipeline_inside_a_pipeline_adds_its_steps() -> None:
    @pipeline
    def inner(value: int) -> Any:
        return add(value)

    with tracing("outer") as trace:
        assert inner(one()).invocation == "add"

    assert list(trace.calls) == ["one", "add"]


@pytest.mark.parametrize(
    "options",
    [
        {"environment": {"A": "1"}},
        {"secrets": ["token"]},
        {"settings": {"resources": {"cpu_count": 1}}},
        {"schedule": Schedule(cron_expression="0 2 * * *")},
    ],
    ids=lambda options: next(iter(options)),
)
def test_settings_that_an_inner_pipeline_would_lose_are_refused(options: dict[str, Any]) -> None:
    @pipeline(**options)
    def inner() -> None:
        one()

    (name,) = options
    with tracing("outer"), pytest.raises(AuthoringError, match=f"its own {name} would be dropped"):
        inner()


def test_a_step_is_no_pipeline() -> None:
    with pytest.raises(
        AuthoringError, match=r"^pipeline 'one': it is a step already\. Call the step in a pipeline"
    ):
        pipeline(one)


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_refused(name: str) -> None:
    sentence = rf"'one': its name is empty \(got '{name}'\)\. Leave name= out: it is the function's then\.$"
    with pytest.raises(AuthoringError, match=f"^step {sentence}"):
        step(name=name)(one.entrypoint)
    with pytest.raises(AuthoringError, match=f"^pipeline {sentence}"):
        pipeline(name=name)(one.entrypoint)
    with pytest.raises(AuthoringError, match=f"^step {sentence}"):
        one.with_options(name=name)


def test_options_of_single_steps_are_no_option_of_code() -> None:
    with pytest.raises(UnknownName, match=r"^pipeline 'one': there is no option named 'steps'\."):
        pipeline(steps={"one": {"timeout": 3}})(one.entrypoint)
