from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr
from skylift_tests_support.backends import Here, Processes
from skylift_tests_support.runs import make_snapshot, make_step

from skylift import pipeline, step
from skylift.code import SourceTree
from skylift.launch.leaks import refuse_leaks
from skylift.launch.plan import Plan, plan
from skylift.orchestrators import BaseOrchestratorConfig
from skylift.stack import ArtifactStore, Stack
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_contract.orchestrator import BaseOrchestrator

VALUE = "hunter2-and-3"


class Secretive(Here):
    token: SecretStr | None = None
    region: str = "here"


class Elsewhere(BaseOrchestratorConfig):
    token: SecretStr | None = None


@step
def shows(text: str) -> str:
    return text


@pipeline
def showing(text: str = "", password: str = "") -> None:
    shows(text)


@pytest.fixture(autouse=True)
def variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DB_PASSWORD", VALUE)
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"file://{tmp_path}/store")


def planned(orchestrator: BaseOrchestrator | None = None, text: str = "", **options: Any) -> Plan:
    store = options.pop("store", ArtifactStore("memory://plans"))
    parameters = {"text": text, "password": options.pop("password", "")}
    stack = Stack("mine", orchestrator or Processes(Here(), flavor="processes"), store)
    return plan(showing.with_options(stack=stack, **options), parameters)


def test_the_value_of_a_secret_in_a_parameter() -> None:
    with pytest.raises(ConfigurationError) as raised:
        planned(text=f"postgres://me:{VALUE}@db", secrets=["PASSWORD=env:DB_PASSWORD"])
    assert str(raised.value) == (
        "pipeline 'showing': the value of secret 'PASSWORD' stands in the snapshot, "
        "pipeline_configuration.parameters.text, for all who may read that. Leave it out there, ask for it by "
        'name, secrets=["PASSWORD"], and read it in the step: os.environ["PASSWORD"].'
    )


@pytest.mark.parametrize("value", [VALUE, base64.b64encode(f"me:{VALUE}".encode()).decode()])
def test_a_variable_with_a_secrets_name_that_nobody_asked_for(value: str) -> None:
    """`environment={"X": os.environ["DB_PASSWORD"]}`"""
    with pytest.raises(
        ConfigurationError,
        match=r"the value of environment variable 'DB_PASSWORD' stands in the snapshot, "
        r"pipeline_configuration\.environment\.X, for",
    ):
        planned(environment={"X": value})


def test_a_password_within_the_url_of_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://me:pr0duction@host/db")
    with pytest.raises(
        ConfigurationError, match="environment variable 'DATABASE_URL' stands in the snapshot"
    ):
        planned(text="postgres://me:pr0duction@other/db")


def test_an_option_of_a_component() -> None:
    orchestrator = Processes(
        Secretive(token=SecretStr("tok_12345678"), region="tok_12345678"), flavor="processes"
    )
    with pytest.raises(
        ConfigurationError,
        match=r"the value of option 'token' of orchestrator 'processes' stands in the snapshot, "
        r"runtime\.orchestrator\.config\.region, for",
    ):
        planned(orchestrator)
    store = ArtifactStore("s3://bucket", {"secret_access_key": "tok_12345678"}, "bucket")
    with pytest.raises(
        ConfigurationError,
        match="the value of option 'secret_access_key' of artifact store 'bucket' stands in",
    ):
        planned(store=store, text="tok_12345678")


@pytest.mark.parametrize("secret", ["test", "password", "showing"])
def test_a_word_that_is_found_by_chance_is_none(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("DB_PASSWORD", secret)
    planned(text=secret, secrets=["DB_PASSWORD"])


def test_a_path_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MY_API_KEY", str(tmp_path))
    planned(text=str(tmp_path))


def test_digits_in_a_number_are_none_but_the_number_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "12345678")
    made = planned(secrets=["DB_PASSWORD"])
    refuse_leaks(made, {"a document": json.dumps([123456789, 0.123456789, True, None]).encode()})
    with pytest.raises(ConfigurationError, match=r"stands in a document, \[1\]\.pin, for"):
        refuse_leaks(made, {"a document": json.dumps([1, {"pin": 12345678}]).encode()})


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (f"a: 1\nb: {VALUE}\n", "line 2"),
        (json.dumps({"a": [{}, {VALUE: 1}]}), r"a\[1\], a key"),
        (json.dumps({"a": json.dumps({"b": VALUE})}), "a"),
    ],
)
def test_in_a_compiled_document(document: str, place: str) -> None:
    made = planned(secrets=["DB_PASSWORD"])
    with pytest.raises(ConfigurationError, match=rf"stands in pipeline\.yaml, {place}, for all"):
        refuse_leaks(made, {"other.json": b"{}", "pipeline.yaml": document.encode()})


@given(st.text(min_size=8).filter(lambda text: len(text.strip()) >= 8), st.text(), st.text())
def test_wherever_it_stands_it_is_found(secret: str, before: str, after: str) -> None:
    stack = Stack(
        "mine", Processes(Here(), flavor="processes"), ArtifactStore("memory://p", {"client_secret": secret})
    )
    assume(len(secret.strip()) >= 16 or not secret.strip().isalpha())
    made = Plan(SNAPSHOT, stack, None)
    with pytest.raises(ConfigurationError, match="stands in it, a, for"):
        refuse_leaks(made, {"it": json.dumps({"a": f"{before}{secret}{after}"}).encode()})


SNAPSHOT = make_snapshot(make_step("a"))


def test_in_source_that_is_sent_to_other_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.py").write_text(f'\nPASSWORD = "{VALUE}"\n')
    tree = SourceTree(tmp_path, ("config.py",), ("",))

    def the_tree(*_: Any, **__: Any) -> tuple[SourceTree, tuple[str, ...]]:
        return tree, ()

    monkeypatch.setattr("skylift.launch.plan._source", the_tree)
    store = ArtifactStore("s3://bucket", {"secret_access_key": VALUE}, "bucket")
    planned(store=store)
    with pytest.raises(ConfigurationError, match=r"stands in the source, config\.py, line 2, for all"):
        planned(Processes(Elsewhere(), flavor="elsewhere"), store=store)


def test_in_the_request_nothing_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skylift.launch.submit.user", lambda: VALUE)
    with pytest.raises(ConfigurationError, match="stands in the request, user, for all"):
        showing("")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("name", "value", "is_noted"),
    [
        ("HF_TOKEN", "hf_abcdefgh", True),
        ("db_password", "correct-horse", True),
        ("OPENAI_API_KEY", "sk-12345678", True),
        ("EOS_TOKEN", "<|end_of_text|>", False),
        ("MAX_TOKENS", "1000000000", False),
        ("TOKENIZERS_PARALLELISM", "falsefalse", False),
        ("MONKEY", "bananas-and-more", False),
        ("API_TOKEN", "short", False),
    ],
)
def test_a_value_in_clear_under_a_secrets_name_is_noted(name: str, value: str, is_noted: bool) -> None:
    note = (
        f"pipeline 'showing': the variable {name!r} has the name of a secret, and its value stands in the "
        f'snapshot for all who may read the store; secrets=["{name}"] keeps it out'
    )
    assert planned(environment={name: value}).notes == ((note,) if is_noted else ())


def test_so_is_a_parameter() -> None:
    (note,) = planned(password="correct-horse").notes
    assert note.startswith("pipeline 'showing': the parameter 'password' has the name of a secret, ")
