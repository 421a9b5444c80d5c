from __future__ import annotations

import socket
from importlib import import_module
from typing import Any

import pytest

from skylift_contract.errors import AuthenticationError, BackendError, NotFound, Transient
from skylift_vertex.sdk_errors import failure, refusal


def api(name: str, *args: Any) -> Exception:
    errors: Any = import_module("google.api_core.exceptions")
    return getattr(errors, name)(*args)


def auth(name: str, *args: Any) -> Exception:
    errors: Any = import_module("google.auth.exceptions")
    return getattr(errors, name)(*args)


def found(error: Exception) -> BackendError:
    made = failure(error, "aiplatform:x")
    assert made is not None
    return made


@pytest.mark.parametrize("name", ["RefreshError", "DefaultCredentialsError", "MalformedError"])
def test_credentials_that_do_not_hold_are_told_with_the_way_out(name: str) -> None:
    error = found(auth(name, "told"))
    assert type(error) is AuthenticationError
    assert error.fix.startswith("Log in (gcloud auth application-default login)")


def test_a_token_that_grpc_could_not_fetch_is_no_outage() -> None:
    error = found(
        api("ServiceUnavailable", "Getting metadata from plugin failed with error: Reauthentication")
    )
    assert type(error) is AuthenticationError


@pytest.mark.parametrize(
    "error",
    [
        auth("TransportError", "told"),
        api("RetryError", "told", None),
        api("ServiceUnavailable", "told"),
        api("DeadlineExceeded", "told"),
        api("Unknown", "Stream removed"),
    ],
)
def test_what_was_not_answered_is_worth_another_try(error: Exception) -> None:
    assert type(found(error)) is Transient


def test_why_nothing_was_reached_is_the_systems_word() -> None:
    """And not what requests wraps it in, with the whole address of the call."""
    requests: Any = import_module("requests")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(OSError, match="Max retries") as caught:
            requests.get(f"http://{host}/v1/projects/p?alt=json", timeout=5)
    assert (
        str(found(caught.value))
        == f"aiplatform:x: Vertex AI cannot be reached at {host}: Connection refused."
    )


def test_grpc_to_what_speaks_http_alone_is_told_the_way_out() -> None:
    error = found(
        api("ServiceUnavailable", "failed to connect: Failed parsing HTTP/2 (Expected SETTINGS frame)")
    )
    assert str(error) == (
        "aiplatform:x: what answers there does not speak gRPC. Call it over HTTP: skylift orchestrator update NAME "
        "--api_transport=rest"
    )


def test_the_services_words_stand_alone() -> None:
    """The REST transport puts what was called before them."""
    error = found(api("NotFound", "GET https://x/v1/projects/p: no such job."))
    assert (type(error), str(error)) == (NotFound, "aiplatform:x: no such job [404].")


def test_a_fault_of_ours_stays_as_it_is() -> None:
    assert failure(KeyError("name"), "aiplatform:x") is None


def test_a_refusal_without_words_is_said() -> None:
    assert str(refusal(400, "", "aiplatform:x")) == "aiplatform:x: it was refused [400]."
