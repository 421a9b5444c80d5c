from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift import (
    CachePolicy,
    DockerSettings,
    ExecutionMode,
    ResourceSettings,
    Schedule,
    StepRetryConfig,
    pipeline,
    step,
)
from skylift.compiler.compile import Target, compile_snapshot
from skylift.source_digests import SourceDigests
from skylift_contract.canonical import digest
from skylift_contract.errors import (
    AuthoringError,
    ConfigurationError,
    DamagedObject,
    RecordTooNew,
    UnknownName,
)
from skylift_contract.model import Settings
from skylift_contract.run_id import Env
from skylift_contract.snapshot import InputSource, PipelineSnapshot, read_snapshot

TARGET = Target(project="demo", flavor="local", run_id_sources=(Env(name="RUN"),))
GOLDEN = Path(__file__).parent / "golden" / "snapshot.json"


@step
def load(path: str, limit: int | None = None) -> list[int]:
    return [len(path), limit or 0]


@step(
    settings={"resources": ResourceSettings(memory="8GB"), "orchestrator.vertex": {"spot": True}},
    retry=StepRetryConfig(max_retries=2, delay=timedelta(seconds=1.5), backoff=2),
    timeout=90,
    environment={"B": "step"},
)
def train(
    data: list[int], depth: int = 6, rate: float = float("inf")
) -> tuple[Annotated[str, "model"], Annotated[float, "score"]]:
    return str(data), depth * rate


@step
def join(parts: list[str]) -> None:
    pass


@pipeline(
    settings={"resources": ResourceSettings(cpu_count=4), "docker": DockerSettings(requirements=("numpy",))},
    environment={"A": "pipeline", "B": "pipeline"},
    execution_mode=ExecutionMode.FAIL_FAST,
    schedule=Schedule(cron_expression="0 2 * * *", timezone="Europe/Berlin"),
    tags=["nightly"],
)
def nightly(path: str, depth: int = 6) -> None:
    data = load(path)
    first, _ = train(data, depth=depth)
    second, _ = train(data)
    join([first, second], after=data)


def compiled(**parameters: Any) -> PipelineSnapshot:
    return compile_snapshot(nightly, nightly.bind((), parameters), TARGET)


def test_the_golden_snapshot(request: pytest.FixtureRequest) -> None:
    """The document itself, read in review; versions are masked, as they are the machine's."""
    found = json.loads(compiled(path="x").content)
    found["runtime"] |= {"python": "*", "skylift": "*"}
    text = json.dumps(found, indent=1, sort_keys=True).replace(__name__, "module") + "\n"
    if request.config.getoption("--update-golden"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_the_graph() -> None:
    steps = compiled(path="x").step_configurations

    assert list(steps) == ["load", "train", "train_2", "join"]
    assert steps["train_2"].spec.inputs == {"data": InputSource(invocation="load", output="output")}
    assert steps["join"].spec.upstream_steps == ("train", "train_2", "load")
    assert steps["join"].spec.inputs["parts"] == (
        InputSource(invocation="train", output="model"),
        InputSource(invocation="train_2", output="model"),
    )


def test_settings_are_the_pipelines_under_the_steps() -> None:
    config = compiled(path="x").step_configurations["train"].config

    assert config.resource_settings == ResourceSettings(cpu_count=4, memory="8GB")
    assert config.docker_settings.requirements == ("numpy",)
    assert config.environment == {"A": "pipeline", "B": "step"}
    assert config.settings == {"orchestrator.vertex": {"spot": True}}
    assert config.timeout == timedelta(seconds=90)


@pytest.mark.parametrize(
    ("own", "default", "is_cached"),
    [(None, None, True), (None, False, False), (False, True, False), (True, False, True)],
)
def test_a_steps_own_cache_option_wins(
    own: bool | None, default: bool | None, is_cached: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CALLED, "marked", marked.with_options(enable_cache=own))
    found = compile_snapshot(calls.with_options(enable_cache=default), {"name": "marked"}, TARGET)
    assert found.step_configurations["marked"].config.enable_cache is is_cached


class TwoSettings(Settings):
    first: int | None = None
    second: int | None = None


def test_of_a_flavors_settings_only_what_was_set_is_kept() -> None:
    target = replace(TARGET, settings_class=TwoSettings)
    asked = {"orchestrator.local": {"first": 1}, "orchestrator.other": {"anything": 2}}
    found = compile_snapshot(calls.with_options(settings=asked), {"name": "marked"}, target)
    assert found.pipeline_configuration.settings == asked


def test_parameters_are_given_or_defaults() -> None:
    steps = compiled(path="x", depth=9).step_configurations

    assert steps["load"].config.parameters == {"path": "x", "limit": None}
    assert steps["train"].config.parameters == {"depth": 9, "rate": "Infinity"}
    assert steps["train_2"].config.parameters == {"depth": 6, "rate": "Infinity"}


def test_a_parameter_of_another_type_is_refused() -> None:
    with pytest.raises(
        AuthoringError,
        match=r"^pipeline 'nightly', parameter 'depth': input should be a valid integer.*\(got 'deep', limit: int\)",
    ):
        compiled(path="x", depth="deep")


@step
def misfit(depth: int = "deep") -> None:  # pyright: ignore[reportArgumentType]
    pass


@step
def unset(depth: int = None) -> None:  # noqa: RUF013  # pyright: ignore[reportArgumentType]
    pass


MARK = object()


@step
def marked(depth: Any = MARK, path: Path = Path("x")) -> None:
    pass


CALLED: dict[str, Any] = {"misfit": misfit, "unset": unset, "marked": marked}


@pipeline
def calls(name: str) -> None:
    CALLED[name]()


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (
            misfit,
            r"^step 'misfit', input 'depth', default: input should be a valid.*\(got 'deep', limit: int\)\. Give a value of that type\.$",
        ),
        (
            unset,
            r"^step 'unset', input 'depth', default: .*, and it is None \(limit: int\)\. Annotate it `int \|",
        ),
    ],
)
def test_a_default_that_does_not_fit_its_annotation_is_refused(function: Any, sentence: str) -> None:
    with pytest.raises(AuthoringError, match=sentence):
        compile_snapshot(calls, {"name": function.name}, TARGET)


def test_a_default_that_json_does_not_hold_stays_the_functions() -> None:
    steps = compile_snapshot(calls, {"name": "marked"}, TARGET).step_configurations
    assert steps["marked"].config.parameters == {"path": "x"}


def test_a_parameter_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        AuthoringError, match=r"^pipeline 'nightly': got an unexpected keyword argument 'deph'\."
    ):
        nightly.bind((), {"path": "x", "deph": 3})


def test_compiling_twice_gives_the_same_bytes() -> None:
    assert compiled(path="x").content == compiled(path="x").content
    assert compiled(path="x").digest != compiled(path="y").digest


def test_another_process_and_hash_seed_give_the_same_bytes(tmp_path: Path) -> None:
    script = tmp_path / "p.py"
    script.write_text(
        "from skylift import pipeline, step\n"
        "from skylift.compiler.compile import Target, compile_snapshot\n"
        "@step\ndef a(x: set[str]) -> int: return 1\n"
        "@pipeline\ndef p() -> None: a({'p', 'q', 'r', 's', 't'})\n"
        "print(compile_snapshot(p, {}, Target(project='x', flavor='y')).digest)\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, str(script)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(digests) == 1


def test_reading_back_is_the_inverse() -> None:
    snapshot = compiled(path="x")
    again = read_snapshot(snapshot.content, snapshot.digest)

    assert again == snapshot
    assert again.content == snapshot.content
    assert again.digest == snapshot.digest


def test_changed_bytes_are_refused() -> None:
    snapshot = compiled(path="x")
    with pytest.raises(DamagedObject, match="its bytes have changed since it was written"):
        read_snapshot(snapshot.content + b" ", snapshot.digest)


def test_a_newer_writers_field_is_no_harm_and_a_newer_major_is_refused() -> None:
    data = json.loads(compiled(path="x").content)
    newer = json.dumps(data | {"added_later": 1}).encode()
    assert read_snapshot(newer, digest(newer)).digest == digest(newer)

    major = json.dumps(data | {"schema_major": 2}).encode()
    with pytest.raises(
        RecordTooNew, match=r"written by a newer Skylift \(got 2, limit: 1\)\. Upgrade skylift here\."
    ):
        read_snapshot(major, digest(major))


def test_a_newer_writers_setting_is_refused_rather_than_ignored() -> None:
    data = json.loads(compiled(path="x").content)
    data["steps"][1]["config"]["resource_settings"]["tpu_count"] = 4
    newer = json.dumps(data).encode()
    with pytest.raises(RecordTooNew, match="there is no option named 'tpu_count'"):
        read_snapshot(newer, digest(newer))


@pipeline
def empty() -> None:
    pass


@pipeline
def hands_on_nothing() -> None:
    join(join(["a"]))


@pipeline
def mixed_list() -> None:
    join([load("x"), "plain"])


@step
def pair() -> tuple[int, str]:
    return 1, "a"


@pipeline
def whole_tuple() -> None:
    load(pair())


@pipeline
def live_value() -> None:
    load(object())


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (empty, "pipeline 'empty': it calls no step"),
        (hands_on_nothing, "step 'join' returns nothing to pass on. Use after= to wait for it"),
        (mixed_list, "a list of outputs holds outputs of steps only"),
        (whole_tuple, "step 'pair' returns several outputs: output_0, output_1. Unpack them"),
        (live_value, "step 'load', input 'path': input should be a valid string"),
    ],
)
def test_broken_pipelines(broken: Any, sentence: str) -> None:
    with pytest.raises(AuthoringError, match=sentence):
        compile_snapshot(broken, {}, TARGET)


@pytest.mark.parametrize("name", ["x" * 200, "训练模型", "..", "a/b:c", "Train-Model_1"])
def test_names_that_work(name: str) -> None:
    @pipeline(name=name)
    def named() -> None:
        load.with_options(name=name)("x")

    with pytest.raises(AuthoringError, match="it is defined inside a function"):
        compile_snapshot(named, {}, TARGET)
    snapshot = compile_snapshot(_at_top_level(name), {}, TARGET)
    assert (snapshot.name, list(snapshot.step_configurations)) == (name, [name])


def _once() -> None:
    load.with_options(name=_NAME[0])("x")


_NAME = [""]


def _at_top_level(name: str) -> Any:
    _NAME[0] = name
    return pipeline(name=name)(_once)


@pytest.mark.parametrize("name", ["a\nb", "x" * 251, "a\0b"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(AuthoringError, match="name is printable text"):
        compile_snapshot(_at_top_level(name), {}, TARGET)


@given(st.sampled_from(["resource", "dockr", "orchestrators.local", ""]))
def test_a_settings_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(UnknownName, match=f"there is no settings key named {key!r}"):
        compile_snapshot(nightly.with_options(settings={key: {}}), {"path": "x"}, TARGET)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"retry": 3}, r"retry: it is a StepRetryConfig \(got 3\)"),
        (
            {"retry": {"max_retires": 3}},
            "there is no option named 'max_retires'. Did you mean 'max_retries'?",
        ),
        ({"timeout": 0}, r"timeout: it is a number of seconds or a timedelta, above zero \(got 0, limit: "),
        ({"timeout": "soon"}, "timeout: it is a number of seconds"),
        ({"environment": {"A": 1}}, r"environment\['A'\]: environment variables are text \(got 1\)"),
        ({"environment": {"A=B": "1"}}, "no environment can hold it"),
        ({"environment": {"SKYLIFT_STORE": "x"}}, "variables of that prefix are Skylift's own"),
        ({"settings": {"resources": {"cpu": 1}}}, "there is no option named 'cpu'"),
        ({"settings": {"resources": 4}}, "settings are a model or a mapping"),
        ({"execution_mode": "fast"}, "there is no such execution mode .*Choose one of fail_fast"),
        ({"schedule": "0 2 * * *"}, "schedule: it is a Schedule"),
    ],
)
def test_options_that_are_none(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence.replace("?", r"\?")):
        compile_snapshot(nightly.with_options(**options), {"path": "x"}, TARGET)


OWN = CachePolicy(expires_after=timedelta(hours=1))


@pytest.mark.parametrize(
    ("of_step", "of_pipeline", "enabled", "policy"),
    [
        ({}, {}, True, CachePolicy()),
        ({}, {"enable_cache": False}, False, CachePolicy()),
        ({"enable_cache": True}, {"enable_cache": False}, True, CachePolicy()),
        ({"enable_cache": False}, {"enable_cache": True}, False, CachePolicy()),
        ({}, {"cache_policy": OWN}, True, OWN),
        ({"cache_policy": OWN}, {"cache_policy": CachePolicy(inputs=False)}, True, OWN),
        ({"cache_policy": {"expires_after": 3600}}, {}, True, OWN),
    ],
)
def test_a_steps_own_caching_wins(
    of_step: dict[str, Any], of_pipeline: dict[str, Any], enabled: bool, policy: CachePolicy
) -> None:
    _CALL[:] = [load.with_options(**of_step)]
    snapshot = compile_snapshot(calls_one.with_options(**of_pipeline), {}, TARGET)
    config = snapshot.step_configurations["load"].config
    assert (config.enable_cache, config.cache_policy) == (enabled, policy)
    again = read_snapshot(snapshot.content, snapshot.digest).step_configurations["load"].config
    assert again.cache_policy == policy


_CALL: list[Any] = []


@pipeline
def calls_one() -> None:
    _CALL[0]("x")


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (
            3600,
            r"^step 'load', cache_policy: it is a CachePolicy \(got 3600\)\. CachePolicy\(expires_after=3600\)",
        ),
        ({"expires": 3}, r"CachePolicy: there is no option named 'expires'.*'expires_after'"),
    ],
)
def test_a_policy_that_is_none(policy: Any, sentence: str) -> None:
    _CALL[:] = [load.with_options(cache_policy=policy)]
    with pytest.raises(ConfigurationError, match=sentence):
        compile_snapshot(calls_one, {}, TARGET)


def test_sources_are_digested_once_and_only_where_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def of(self: SourceDigests, function: Any) -> str | None:
        asked.append(function.__name__)
        return None if function.__name__ == "join" else function.__name__

    monkeypatch.setattr(SourceDigests, "of", of)
    arguments = nightly.bind((), {"path": "x"})
    snapshot = compile_snapshot(nightly, arguments, TARGET, None, SourceDigests(None))
    assert asked == ["load", "train", "join"]
    assert snapshot.source_digests == {f"{__name__}:load": "load", f"{__name__}:train": "train"}

    asked.clear()
    off = nightly.with_options(enable_cache=False)
    assert compile_snapshot(off, arguments, TARGET, None, SourceDigests(None)).source_digests == {}
    assert asked == []


@pipeline
def alike() -> None:
    first = load("x")
    load("y")
    load("x", after=first)
    load("x", limit=1)
    train(first)
    train(load.with_options(name="other")("x"))
    train(first, depth=6)
    train(first)
    train.with_options(timeout=3)(first)


def test_calls_that_are_the_same_are_numbered() -> None:
    snapshot = compile_snapshot(alike, {}, TARGET)
    found = {name: one.spec.occurrence for name, one in snapshot.step_configurations.items()}
    assert found == {
        "load": 0,
        "load_2": 0,
        "load_3": 1,
        "load_4": 0,
        "train": 0,
        "other": 0,
        "train_2": 0,
        "train_3": 1,
        "train_4": 2,
        "train_5": 3,
    }


def test_an_outputs_materializers_are_those_of_its_class() -> None:
    outputs = compiled(path="x").step_configurations
    assert [out.materializers for out in outputs["train"].config.outputs] == [
        ("text", "cloudpickle"),
        ("json", "cloudpickle"),
    ]
    assert outputs["load"].config.outputs[0].materializers == ("json", "cloudpickle")
