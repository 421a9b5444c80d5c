"""The only file that speaks to Sagemaker: one method per call, its errors as the contract's.

It speaks plain HTTP. Where the platform has an SDK, this is the one file to import it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from skylift_contract.errors import (
    AuthenticationError,
    BackendError,
    ConfigurationError,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    Transient,
)

if TYPE_CHECKING:
    from skylift_sagemaker.config import SagemakerOrchestratorConfig

ERRORS: Final[dict[int, type[BackendError]]] = {
    401: AuthenticationError,
    403: PermissionDenied,
    404: NotFound,
    429: QuotaExceeded,
    502: Transient,
    503: Transient,
    504: Transient,
}


class SagemakerClient:
    def __init__(self, config: SagemakerOrchestratorConfig) -> None:
        self._config = config

    def submit(self, document: bytes, idempotency_token: str) -> str:
        """`POST /jobs`; return the id of the run it started.

        The same token starts one run, however often it is sent.
        """
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_token}
        answer = self._call("POST", "/jobs", document, headers)
        return str(answer["run_id"])

    def _call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Any:
        operation = f"sagemaker:{method} {path}"
        try:
            request = self._request(method, path, body, headers)
            with urlopen(request, timeout=self._config.request_timeout_s) as answer:  # noqa: S310 -- checked there
                return json.load(answer)
        except HTTPError as error:
            kind = ERRORS.get(error.code, BackendError)
            error.close()
            raise kind(str(error.reason), operation=operation, code=str(error.code)) from error
        except (URLError, TimeoutError) as error:
            raise Transient(f"it cannot be reached: {error}", operation=operation) from error

    def _request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Request:
        url = self._config.required_endpoint + path
        if not url.startswith(("https://", "http://")):
            who = "SagemakerOrchestratorConfig.endpoint"
            raise ConfigurationError(
                "it is no web address", who=who, value=url, fix="Start it with https://."
            )
        if self._config.token is not None:
            headers |= {"Authorization": f"Bearer {self._config.token.get_secret_value()}"}
        return Request(url, body, headers, method=method)  # noqa: S310 -- its scheme is checked above
