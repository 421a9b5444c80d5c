"""The cache key: what counts, what does not, and what can be told of a difference."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from skylift_tests_support.runs import make_snapshot, make_step

from skylift.caching.key import KeyParts, differences, input_digests, key_parts, needed
from skylift_contract.canonical import canonical_json
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.settings import CachePolicy, DockerSettings, StepRetryConfig
from skylift_contract.snapshot import ArtifactRef, CodeArchive, InputSource, OutputSpec, SnapshotRuntime

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift_contract.snapshot import PipelineSnapshot, Step

INPUTS = {"data": "d" * 64}
SOURCE = "skylift_tests_support.steps:nothing"


def base() -> tuple[PipelineSnapshot, Step]:
    step = make_step(
        "train",
        parameters={"depth": 6},
        outputs=(OutputSpec(name="model", annotation="int", materializers=("json",)),),
        environment={"A": "1"},
        docker_settings=DockerSettings(image="one:1"),
    )
    return make_snapshot(step, source_digests={SOURCE: "s" * 64}), step


def parts(snapshot: PipelineSnapshot, step: Step, inputs: dict[str, str] | None = None) -> KeyParts:
    found = key_parts(snapshot, step, INPUTS if inputs is None else inputs)
    assert found is not None
    return found


def config(**changes: Any) -> Callable[[], KeyParts]:
    def changed() -> KeyParts:
        snapshot, step = base()
        return parts(snapshot, step.model_copy(update={"config": step.config.model_copy(update=changes)}))

    return changed


def spec(**changes: Any) -> Callable[[], KeyParts]:
    def changed() -> KeyParts:
        snapshot, step = base()
        return parts(snapshot, step.model_copy(update={"spec": step.spec.model_copy(update=changes)}))

    return changed


def whole(**changes: Any) -> Callable[[], KeyParts]:
    def changed() -> KeyParts:
        snapshot, step = base()
        return parts(snapshot.model_copy(update=changes), step)

    return changed


def given_inputs(inputs: dict[str, str]) -> Callable[[], KeyParts]:
    return lambda: parts(*base(), inputs)


def runtime(**changes: Any) -> SnapshotRuntime:
    return base()[0].runtime.model_copy(update=changes)


COUNTS: dict[str, tuple[Callable[[], KeyParts], tuple[str, ...]]] = {
    "its name": (config(name="fit"), ("its name",)),
    "its source": (whole(source_digests={SOURCE: "t" * 64}), ("its source",)),
    "a global": (whole(source_values={SOURCE: {"LIMIT": "v" * 64}}), ("global 'LIMIT'",)),
    "a global of another module": (whole(source_values={SOURCE: {"m.X": "v" * 64}}), ("global 'm.X'",)),
    "an input": (given_inputs({"data": "e" * 64}), ("input 'data'",)),
    "an input more": (given_inputs({**INPUTS, "more": "f" * 64}), ("input 'more'",)),
    "a parameter": (config(parameters={"depth": 7}), ("parameter 'depth'",)),
    "a type": (config(parameters={"depth": "6"}), ("parameter 'depth'",)),
    "a parameter less": (config(parameters={}), ("parameter 'depth'",)),
    "a variable": (config(environment={"A": "2"}), ("environment variable 'A'",)),
    "its image": (config(docker_settings=DockerSettings(image="one:2")), ("its image",)),
    "requirements": (config(docker_settings=DockerSettings(requirements=("numpy",))), ("its image",)),
    "python": (whole(runtime=runtime(python="3.99")), ("Python's version",)),
    "output": (config(outputs=(OutputSpec(name="m"),)), ("its outputs' names or types",)),
    "materializer": (
        config(outputs=(OutputSpec(name="model", annotation="int", materializers=("own",)),)),
        ("its outputs' names or types",),
    ),
    "the second of the same": (spec(occurrence=1), ("how many calls before it are the same",)),
}

DOES_NOT: dict[str, Callable[[], KeyParts]] = {
    "secrets": config(secrets={"TOKEN": "env:TOKEN"}),
    "resources": config(resource_settings=ResourceSettings(cpu_count=3)),
    "settings": config(settings={"orchestrator.local": {"max_parallelism": 2}}),
    "retries": config(retry=StepRetryConfig(max_retries=3)),
    "timeout": config(timeout=timedelta(seconds=3)),
    "hooks": config(on_failure="a:b", on_success="a:c"),
    "runtime": config(runtime="isolated"),
    "being asked": config(enable_cache=False),
    "expiry": config(cache_policy=CachePolicy(expires_after=5)),  # pyright: ignore[reportArgumentType]
    "invocation": spec(invocation_id="train_2"),
    "order": spec(upstream_steps=("other",)),
    "where inputs come from": spec(inputs={"data": InputSource(invocation="elsewhere", output="other")}),
    "project": whole(project="another"),
    "code": whole(code=CodeArchive(digest="c" * 64)),
    "resolved images": whole(images={"train": "one@sha256:1"}),
    "flavor": whole(runtime=runtime(flavor="kubernetes", skylift="9", retries="backend")),
    "other steps' globals": whole(source_values={"other:f": {"LIMIT": "v" * 64}}),
    "other sources": whole(source_digests={SOURCE: "s" * 64, "other:f": "o" * 64}),
}


@pytest.mark.parametrize("name", COUNTS)
def test_what_counts(name: str) -> None:
    changed, words = COUNTS[name]
    before, after = parts(*base()), changed()
    assert after.key != before.key
    assert tuple(differences(before, after)) == words


@pytest.mark.parametrize("name", DOES_NOT)
def test_what_does_not_count(name: str) -> None:
    before, after = parts(*base()), DOES_NOT[name]()
    assert after.key == before.key
    assert not list(differences(before, after))


def test_every_field_of_a_step_has_been_thought_of() -> None:
    """Whoever adds one says here whether it counts."""
    _, step = base()
    counting = {"name", "parameters", "outputs", "docker_settings", "environment"}
    not_counting = {"resource_settings", "settings", "retry", "timeout", "secrets", "enable_cache"}
    others = {"cache_policy", "on_failure", "on_success", "runtime"}
    assert set(type(step.config).model_fields) == counting | not_counting | others


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("source", ["its source", "a global", "a global of another module"]),
        ("inputs", ["an input", "an input more"]),
        ("parameters", ["a parameter", "a type", "a parameter less"]),
        ("environment", ["a variable"]),
        ("image", ["its image", "requirements"]),
        ("python", ["python"]),
    ],
)
def test_a_policy_leaves_parts_out(part: str, changes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    policy = CachePolicy.parse({part: False})
    whole_key = parts(*base())

    def step_with_policy() -> tuple[PipelineSnapshot, Step]:
        snapshot, step = original()
        return snapshot, step.model_copy(
            update={"config": step.config.model_copy(update={"cache_policy": policy})}
        )

    original = base
    monkeypatch.setitem(globals(), "base", step_with_policy)
    without = parts(*base())
    assert without.key != whole_key.key, "a key with fewer parts is another"
    assert list(differences(whole_key, without))
    for name, (changed, _) in COUNTS.items():
        assert (changed().key == without.key) is (name in changes), name


def test_without_its_inputs_there_is_no_key_unless_they_do_not_count() -> None:
    snapshot, step = base()
    assert key_parts(snapshot, step, None) is None
    policy = CachePolicy(inputs=False)
    step = step.model_copy(update={"config": step.config.model_copy(update={"cache_policy": policy})})
    assert key_parts(snapshot, step, None) == key_parts(snapshot, step, INPUTS) is not None


def test_without_its_source_there_is_no_key_unless_it_does_not_count() -> None:
    snapshot, step = base()
    unknown = snapshot.model_copy(update={"source_digests": {}})
    assert key_parts(unknown, step, INPUTS) is None
    policy = CachePolicy(source=False)
    step = step.model_copy(update={"config": step.config.model_copy(update={"cache_policy": policy})})
    assert key_parts(unknown, step, INPUTS) == key_parts(snapshot, step, INPUTS) is not None


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=5,
)
MAPPING = st.dictionaries(st.text(min_size=1), PLAIN, max_size=4)


def with_parameters(parameters: dict[str, Any]) -> KeyParts:
    return config(parameters=parameters)()


@given(MAPPING, MAPPING)
def test_keys_are_equal_where_parameters_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = canonical_json(one) == canonical_json(other)
    assert (with_parameters(one).key == with_parameters(other).key) is same


@given(st.data(), MAPPING)
def test_the_order_of_names_does_not_count(data: st.DataObject, parameters: dict[str, Any]) -> None:
    order = data.draw(st.permutations(list(parameters)))
    shuffled = {name: parameters[name] for name in order}
    assert with_parameters(shuffled).key == with_parameters(parameters).key


@given(st.text(min_size=9))
@example("parameter")
@example("a password")
def test_no_value_is_written_down(value: str) -> None:
    def written(text: str) -> bytes:
        return canonical_json(config(parameters={"p": text}, environment={"E": text})())

    part = canonical_json(value)[1:-1]
    assume(part not in written("another's"))  # a word of the record itself, such as `parameter`
    assert part not in written(value)


@given(st.lists(st.tuples(st.text("ab"), st.text("ab")), max_size=4))
def test_a_key_reads_back_as_it_was(pairs: list[tuple[str, str]]) -> None:
    before = config(parameters=dict(pairs))()
    after = KeyParts.model_validate_json(canonical_json(before))
    assert (after.key, list(differences(before, after))) == (before.key, [])


def ref(digest: str) -> ArtifactRef:
    return ArtifactRef(digest=digest, type="builtins:int", materializer="json", size=1)


def test_inputs_are_their_data() -> None:
    one = InputSource(invocation="a", output="x")
    other = InputSource(invocation="b", output="y")
    step = make_step("train")
    step = step.model_copy(
        update={"spec": step.spec.model_copy(update={"inputs": {"one": one, "many": (one, other)}})}
    )
    assert needed(step) == {"a", "b"}
    assert input_digests(step, {"a": {"x": ref("1")}, "b": None}) is None
    assert input_digests(step, {"a": {"x": ref("1")}}) is None
    assert input_digests(step, {"a": {"x": ref("1")}, "b": {"z": ref("2")}}) is None
    found = input_digests(step, {"a": {"x": ref("1")}, "b": {"y": ref("2")}})
    swapped = input_digests(step, {"a": {"x": ref("2")}, "b": {"y": ref("1")}})
    assert found is not None
    assert swapped is not None
    assert found["one"] == "1"
    assert found["many"] != swapped["many"], "of a list the order counts"
