"""Errors of Docker's SDK and of an engine's streams as the contract's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from skylift_contract.errors import (
    AuthenticationError,
    BackendError,
    ConfigurationError,
    NotFound,
    PermissionDenied,
    Transient,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from docker.errors import APIError

_BY_CODE: Final[Mapping[int, type[BackendError]]] = {
    401: AuthenticationError,
    403: PermissionDenied,
    404: NotFound,
    503: Transient,
}

_NO_LOGIN: Final = ("unauthorized", "authentication required", "no basic auth", "access denied", "denied:")
"""What registries say, lower-cased, which an engine passes on with a code of its own."""


@contextmanager
def guarded(operation: str) -> Generator[None]:
    """Raise the contract's errors for the SDK's."""
    import requests
    from docker.errors import APIError, DockerException

    named = f"docker:{operation}"
    try:
        yield
    except APIError as error:
        raise refusal(error, named) from error
    except requests.exceptions.RequestException as error:
        raise Transient(f"the Docker Engine does not answer: {error}", operation=named) from error
    except DockerException as error:
        raise BackendError(str(error), operation=named) from error


def refusal(error: APIError, operation: str) -> BackendError:
    code = int(getattr(error, "status_code", None) or 0)
    return _said(str(error.explanation or error), operation, code)


def of_stream(said: str, operation: str) -> BackendError:
    """For an error among what an engine reports while it works, where the answer's code is 200."""
    return _said(said, f"docker:{operation}", 0)


def _said(text: str, operation: str, code: int) -> BackendError:
    said = text.strip().rstrip(".")
    kind = _BY_CODE.get(code, BackendError)
    if kind is not AuthenticationError and any(words in said.lower() for words in _NO_LOGIN):
        kind = AuthenticationError
    fix = "Log in to the registry: docker login REGISTRY." if kind is AuthenticationError else ""
    return kind(said, operation=operation, code=str(code) if code else "", fix=fix)


def not_pulled(image: str, error: BackendError) -> BackendError:
    kind = type(error) if isinstance(error, Transient) else NotFound
    return kind(
        f"image {image!r} is not there, and cannot be pulled: {error.what}",
        operation=error.operation,
        fix="Check its name, or build it: docker build --tag … .",
    )


def no_engine(host: str, error: Exception) -> BackendError | ConfigurationError:
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    if isinstance(cause, PermissionError):
        return PermissionDenied(
            f"this user may not use the Docker Engine at {host}",
            operation="docker:GET /version",
            fix="Join its group (sudo usermod -aG docker $USER, and log in anew), or set DOCKER_HOST.",
        )
    if "paramiko" in str(error) or isinstance(cause, ImportError):
        return ConfigurationError(
            "an engine behind ssh:// needs a further package",
            who="docker_host",
            value=host,
            fix="pip install 'docker[ssh]'",
        )
    return Transient(
        f"no Docker Engine answers at {host}: {str(cause).strip() or type(cause).__name__}",
        operation="docker:GET /version",
        fix="Start Docker, or install it (docs.docker.com/engine/install); one that is elsewhere is named by "
        "DOCKER_HOST, or by the option --docker_host.",
    )
